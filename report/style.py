"""How the page looks: on a screen by day and by night, on a telephone, and on paper."""

from __future__ import annotations

_COLOURS = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f5f6f8; --ink: #16191d; --soft: #566070; --line: #d9dde3; --link: #0b57b0;
  --red: #b3141d; --red-back: #fdecec; --amber: #8a5200; --amber-back: #fff1d6; --green: #0c6b3a;
  --green-back: #e3f5ea;
  --grey: #4c5563; --grey-back: #e9ecf0; --violet: #6b3fa0; --violet-back: #f1e9fb;
  --claim: #8a94a3; --prepare: #9a6fc9; --load: #2c6fb7; --seal: #c2628f; --warehouse: #1f9bb0; --record: #8a94a3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --panel: #1d2127; --ink: #e8eaee; --soft: #a4adba; --line: #343a43; --link: #86b7f5;
    --red: #ff8b8b; --red-back: #3d1a1d; --amber: #f5b95c; --amber-back: #38290f; --green: #6fd39b;
    --green-back: #14301f;
    --grey: #b4bcc8; --grey-back: #2a3038; --violet: #c9a6f5; --violet-back: #2c2140;
    --claim: #7f8998; --prepare: #a57fd6; --load: #5a9be0; --seal: #d77fa8; --warehouse: #43bccf; --record: #7f8998;
  }
}
"""

_TEXT = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 3rem; }
body {
  margin: 0 auto; padding: 0 1.25rem 4rem; max-width: 100rem; background: var(--paper); color: var(--ink);
  font: 0.9375rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0.25rem 0 0.75rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 0.75rem; padding-bottom: 0.25rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 0.25rem; }
h4 { font-size: 0.9375rem; margin: 0 0 0.25rem; }
p { margin: 0.25rem 0; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible, .wide:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px;
}
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.9em; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 0.5rem; }
.calm { color: var(--green); }
.plain { list-style: none; margin: 0; padding: 0; }
.plain li { padding: 0.3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.plain .databases { display: block; font-size: 0.875rem; color: var(--soft); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.chip { display: inline-block; padding: 0 0.5em; border-radius: 1em; font-size: 0.8125rem; font-weight: 600;
  white-space: nowrap; }
.is-ok { color: var(--green); } .chip.is-ok { background: var(--green-back); }
.is-partial { color: var(--amber); } .chip.is-partial { background: var(--amber-back); }
.is-failed, .is-no-outcome { color: var(--red); } .chip.is-failed, .chip.is-no-outcome { background: var(--red-back); }
.is-skipped { color: var(--grey); } .chip.is-skipped { background: var(--grey-back); }
.is-quarantined { color: var(--violet); } .chip.is-quarantined { background: var(--violet-back); }
"""

_HEADER = """
header { margin: 1rem 0 0; padding: 1rem 1.25rem; border-radius: 0.5rem; border-left: 0.5rem solid; }
header.red { border-color: var(--red); background: var(--red-back); } header.red h1 { color: var(--red); }
header.green { border-color: var(--green); background: var(--green-back); } header.green h1 { color: var(--green); }
header .run { margin: 0; overflow-wrap: anywhere; }
.counts { display: flex; flex-wrap: wrap; gap: 0.35rem 1.25rem; list-style: none; margin: 0 0 0.75rem; padding: 0; }
.counts b { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.counts .none { opacity: 0.85; }
.counts .none b { font-weight: 400; }
header .chip { background: var(--paper); }
dl { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; margin: 0; }
dt { font-size: 0.75rem; color: var(--soft); }
header dt { color: inherit; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0.75rem 0 0; }
"""

_FAILURES = """
.rerun-all { padding: 0.75rem 1rem; border-radius: 0.5rem; background: var(--panel); }
.failure-class { margin-top: 1rem; border: 1px solid var(--line); border-left: 0.3rem solid var(--red);
  border-radius: 0.4rem; }
.failure-class > h3 { padding: 0.6rem 1rem 0; font-size: 1.0625rem; }
.remedy { display: flex; flex-wrap: wrap; gap: 0 1.5rem; padding: 0 1rem 0.6rem; }
.budget { color: var(--soft); }
.failed-database { padding: 0.6rem 1rem; border-top: 1px solid var(--line); }
.failure-name { font-weight: 400; font-size: 0.875rem; }
.where { font-weight: 400; font-size: 0.875rem; color: var(--soft); }
.failure-text { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 12rem; overflow: auto; max-width: 80rem; }
.same { color: var(--soft); font-size: 0.875rem; }
.paste { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.5rem; margin-top: 0.35rem; }
.classes { margin-bottom: 0.75rem; }
.classes th { white-space: nowrap; }
.paste .what { font-size: 0.8125rem; color: var(--soft); }
.json { padding: 0.1rem 0.4rem; border-radius: 0.25rem; background: var(--panel); border: 1px solid var(--line);
  overflow-wrap: anywhere; max-height: 6rem; overflow: auto; user-select: all; }
.rerun-all .json { background: var(--paper); }
button, input[type=search] { font: inherit; color: inherit; padding: 0.1rem 0.6rem; border: 1px solid var(--soft);
  border-radius: 0.3rem;
  background: var(--paper); }
button { cursor: pointer; }
button:hover { background: var(--panel); }
.copy { font-size: 0.8125rem; }
summary { cursor: pointer; font-size: 0.875rem; color: var(--soft); }
"""

_TIMELINE = """
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0 0 0.75rem; padding: 0;
  font-size: 0.8125rem; }
.legend li { display: flex; align-items: center; gap: 0.4rem; }
.swatch { display: flex; align-items: center; width: 1.75rem; height: 0.875rem; }
.swatch i { width: 100%; }
.swatch.waits { height: 0; border-top: 1px dashed var(--soft); }
.swatch .claim, .swatch .record { height: 20%; } .swatch .prepare, .swatch .seal { height: 50%; }
.swatch .load { height: 100%; }
.swatch .warehouse { height: 80%; } .swatch .whole { height: 60%; }
i.claim { background: var(--claim); } i.prepare { background: var(--prepare); } i.load { background: var(--load); }
i.seal { background: var(--seal); } i.warehouse { background: var(--warehouse); }
i.record { background: var(--record); }
i.whole { background: var(--load); opacity: 0.6; }
.lane { --label: 15rem; --took: 6.5rem; margin-bottom: 1.25rem; }
.chart { position: relative; padding-top: 1.5rem; }
.scale { position: absolute; inset: 0 var(--took) 0 var(--label); }
.scale span { position: absolute; top: 0; bottom: 0; border-left: 1px solid var(--line); }
.scale i { position: sticky; top: 0; z-index: 2; display: block; padding: 0.1rem 0.3rem; background: var(--paper);
  color: var(--soft);
  font: 0.75rem/1.2 ui-monospace, Menlo, Consolas, monospace; }
.lane-facts { font-weight: 400; font-size: 0.8125rem; color: var(--soft); margin-left: 0.5rem; }
.lane ul { list-style: none; margin: 0; padding: 0; }
.lane li { display: grid; grid-template-columns: var(--label) minmax(0, 1fr) var(--took); align-items: center;
  height: 1.25rem; }
.lane li:hover { background: color-mix(in srgb, var(--link) 12%, transparent); }
.lane li.red .label { font-weight: 600; }
.label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--ink); text-decoration: none;
  font-size: 0.8125rem;
  padding-right: 0.5rem; }
.label:hover { text-decoration: underline; }
.symbol { display: inline-block; width: 1.25rem; text-align: center; font-weight: 700; }
.plot { position: relative; height: 100%; }
.plot svg { position: absolute; inset: 0.2rem 0; width: 100%; height: calc(100% - 0.4rem); overflow: visible; }
path.waits { stroke: var(--soft); stroke-dasharray: 2 3; fill: none; vector-effect: non-scaling-stroke; opacity: 0.7; }
rect { stroke: var(--paper); stroke-width: 1px; vector-effect: non-scaling-stroke; }
rect.claim { fill: var(--claim); } rect.prepare { fill: var(--prepare); } rect.load { fill: var(--load); }
rect.seal { fill: var(--seal); } rect.warehouse { fill: var(--warehouse); } rect.record { fill: var(--record); }
rect.whole { fill: var(--load); opacity: 0.6; }
.ending { position: absolute; top: 0; padding: 0 0.35rem; font-size: 0.75rem; line-height: 1.25rem;
  font-weight: 600; white-space: nowrap; }
.took { text-align: right; font-size: 0.8125rem; color: var(--soft); font-variant-numeric: tabular-nums;
  white-space: nowrap; }
"""

_TABLES = """
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th, td { padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th.number { text-align: right; }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 9rem; }
#database-table > tbody > tr > th { font-weight: 600; white-space: nowrap; }
thead th { background: var(--panel); white-space: nowrap; }
tfoot th, tfoot td { font-weight: 700; border-top: 2px solid var(--line); }
tbody tr.red > :first-child { box-shadow: inset 0.25rem 0 var(--red); }
tbody tr:target { background: var(--amber-back); }
thead button { border: 0; padding: 0; background: none; font-weight: 700; }
thead [aria-sort=ascending] button::after { content: " ▲"; }
thead [aria-sort=descending] button::after { content: " ▼"; }
.differs { color: var(--red); font-weight: 700; margin-right: 0.3em; }
.short { color: var(--amber); font-weight: 700; margin-left: 0.2em; }
.instance { white-space: nowrap; }
.view { font-size: 0.75rem; color: var(--soft); margin-left: 0.4em; }
td.failure-text { min-width: 14rem; max-height: none; }
form { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.25rem; margin-bottom: 0.75rem; }
form[hidden] { display: none; }
fieldset { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.75rem; border: 0; margin: 0;
  padding: 0; }
legend { float: left; padding: 0 0.5rem 0 0; }
#find { width: 18rem; max-width: 100%; }
.detail > td { padding: 0.75rem 1rem 1.25rem; background: var(--panel); }
.detail table { margin-top: 0.5rem; background: var(--paper); }
.detail dl { gap: 0.4rem 2rem; }
.detail tr.bad > :first-child { box-shadow: inset 0.25rem 0 var(--red); }
@media (min-width: 75rem) {
  #databases > .wide { overflow: visible; }
  #database-table > thead th { position: sticky; top: 0; z-index: 1; }
}
"""

_NARROW = """
@media (max-width: 45rem) {
  body { padding: 0 0.75rem 3rem; }
  header { padding: 0.75rem; } h1 { font-size: 1.35rem; }
  dl { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem 1rem; }
  .lane { --label: 8.5rem; --took: 4.25rem; }
  .label, .took { font-size: 0.75rem; }
  .words, .classes :is(th, td):last-child { display: none; }
  .scale span:nth-child(even) i { visibility: hidden; }
  .failed-database, .failure-class > h3, .remedy { padding-left: 0.75rem; padding-right: 0.75rem; }
}
"""

_PAPER = """
@page { size: A4; margin: 12mm; }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --panel: #f3f4f6; --ink: #000; --soft: #444; --line: #bbb; --link: #000; --red: #a30d16;
    --red-back: #fff;
    --amber: #7a4700; --amber-back: #fff; --green: #095a30; --green-back: #fff; --grey: #333; --grey-back: #fff;
    --violet: #55308a; --violet-back: #fff;
    --claim: #8a94a3; --prepare: #9a6fc9; --load: #2c6fb7; --seal: #c2628f; --warehouse: #1f9bb0; --record: #8a94a3;
  }
  html { font-size: 10.5px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { padding: 0; max-width: none; }
  nav, form, .skip, .copy, summary { display: none !important; }
  .wide { overflow: visible; }
  .failure-text, .json { max-height: none; overflow: visible; }
  details::details-content { content-visibility: visible; block-size: auto; }
  h2, h3, h4, .remedy { break-after: avoid; }
  .failed-database, .lane li, tr, .rerun-all { break-inside: avoid; }
  thead { display: table-header-group; } tfoot { display: table-row-group; }
  #database-table > thead th, .scale i { position: static; }
  a { text-decoration: none; }
  th, td { padding: 0.15rem 0.35rem; }
  .lane { --label: 15rem; --took: 6rem; }
  .scale span { border-color: #ddd; }
  .legend { break-after: avoid; }
}
"""

STYLE = _COLOURS + _TEXT + _HEADER + _FAILURES + _TIMELINE + _TABLES + _NARROW + _PAPER
