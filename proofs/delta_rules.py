"""The rules that keep rows from being lost between log and warehouse, each with a mutant that removes it.

One of a mutant's tests must turn red. `make prove-delta` tries five of them, chosen by its seed.
"""

from __future__ import annotations

from proofs.mutants import Mutant

_CHAINS = "tests/deltas/test_deltas_chains.py"
_POSTGRESQL = "tests/deltas/test_deltas_postgresql.py"
_BATCHES = "tests/contract/snowflake/test_change_batches.py"
_KEEPING = "tests/contract/snowflake/test_keeping_changes.py"
_COMPARED = "tests/contract/snowflake/test_compared_loads.py"
_DELETES = "tests/deltas/test_deltas_deletes.py"
_SOFT = f"{_KEEPING}::test_a_soft_table_keeps_the_last_image_of_each_key_and_since_when_it_is_gone"
_HISTORY = f"{_KEEPING}::test_a_history_table_has_each_version_once_and_no_two_at_a_time"

RULES = (
    Mutant(
        "a seed waits for transactions that were open before it",
        "lambdas/handlers/database_run/continue_chain.py",
        "    if not left:\n",
        "    if True:\n",
        (f"{_CHAINS}::test_a_seed_waits_for_transactions_that_are_open",),
    ),
    Mutant(
        "a folder is closed only with its mark, and after a clean stop",
        "lambdas/sealing_changes.py",
        "is_closed=end is None and is_proved,",
        "is_closed=True,",
        (f"{_CHAINS}::test_a_capture_that_dies_around_a_file_leaves_the_warehouse_as_it_is_until_the_next_delta",),
    ),
    Mutant(
        "changes are applied up to a closed folder",
        "fleet/deltas/batches.py",
        "for folder in folders if folder.is_closed)",
        "for folder in folders)",
        (f"{_CHAINS}::test_a_capture_that_dies_around_a_file_leaves_the_warehouse_as_it_is_until_the_next_delta",),
    ),
    Mutant(
        "between two deltas nobody reads the log",
        "lambdas/source_log.py",
        "before is not None and before.place is not None:",
        "False:",
        ("tests/deltas/test_deltas_logs.py::test_a_slot_that_somebody_else_has_read_from_begins_the_chain_anew",),
    ),
    Mutant(
        "a table that a delta did not read is loaded in full",
        "fleet/deltas/batches.py",
        "        if sealed is None:\n",
        "        if sealed is None:\n            continue\n        if False:\n",
        (f"{_CHAINS}::test_a_table_that_was_left_out_for_a_while_is_loaded_in_full_when_it_is_back",),
    ),
    Mutant(
        "a folder that is gone is missed",
        "lambdas/chain_context.py",
        "                lost.append(record.attempt.number)\n",
        "                pass\n",
        (f"{_CHAINS}::test_a_folder_that_waits_and_is_deleted_costs_a_full_load_of_its_tables",),
    ),
    Mutant(
        "what comes to a folder after its seal is missed",
        "lambdas/sealing_changes.py",
        "    changed |= _find_late(opened, since, tables, gaps, clients)\n",
        "",
        (f"{_CHAINS}::test_what_comes_to_a_folder_after_its_seal_ends_red_and_costs_a_full_load_of_its_table",),
    ),
    Mutant(
        "a full load alone counts at the source",
        "lambdas/delta_reconciliation.py",
        "loaded_in=opened.attempt.run,",
        'loaded_in="",',
        (f"{_POSTGRESQL}::test_a_delta_says_in_which_run_its_tables_were_last_counted",),
    ),
    Mutant(
        "order is that of the source's log, not of a text",
        "fleet/deltas/change_sql.py",
        'f"{position_order(engine, _POSITION)} AS {BY_POSITION}, ',
        'f"{quote(_POSITION)} AS {BY_POSITION}, ',
        (f"{_BATCHES}::test_the_table_becomes_what_the_source_is",),
    ),
    Mutant(
        "a later folder comes after an earlier one",
        "fleet/deltas/change_sql.py",
        'f"ORDER BY {BY_ATTEMPT} DESC, ',
        'f"ORDER BY {BY_ATTEMPT}, ',
        (f"{_BATCHES}::test_the_table_becomes_what_the_source_is",),
    ),
    Mutant(
        "a delta waits for the one before it",
        "fleet/deltas/change_sql.py",
        "IFF(LATEST IN ({batch.written}, {attempt.number}), ",
        "IFF(LATEST <= {attempt.number}, ",
        (f"{_BATCHES}::test_a_delta_waits_for_the_one_before_it",),
    ),
    Mutant(
        "what was under an old key goes",
        "fleet/deltas/change_sql.py",
        "= 'U' AND ({moved})",
        "= 'U' AND FALSE AND ({moved})",
        (f"{_BATCHES}::test_the_table_becomes_what_the_source_is",),
    ),
    Mutant(
        "only the task that read a chain goes on with it",
        "lambdas/chain_context.py",
        'if report.arn == chain.task_arn and report.status != "ready":',
        "if report.arn:",
        (f"{_CHAINS}::test_a_task_that_somebody_replaced_begins_the_chain_anew",),
    ),
    Mutant(
        "fewer changes than DMS counts are a failure",
        "fleet/deltas/sealing.py",
        "elif counts is not None and rows < counts.all:",
        "elif counts is None:",
        ("fleet/deltas/sealing.py",),
    ),
    Mutant(
        "what broke off is sealed before the task goes on",
        "lambdas/handlers/database_run/continue_chain.py",
        "    seal_pending(opened, chain, task.report, clients)\n",
        "",
        (f"{_CHAINS}::test_what_a_run_landed_that_broke_off_is_sealed_by_the_next_one",),
    ),
    Mutant(
        "three refusals are enough",
        "lambdas/change_loads.py",
        "MOST_REFUSALS = 3",
        "MOST_REFUSALS = 300",
        (f"{_CHAINS}::test_a_table_that_snowflake_refuses_three_times_is_loaded_in_full",),
    ),
    Mutant(
        "a table that was altered is loaded in full",
        "fleet/deltas/chain.py",
        "if state.fingerprint != fingerprint:",
        "if state.fingerprint == 'none':",
        (f"{_POSTGRESQL}::test_a_table_whose_columns_change_is_loaded_in_full_in_the_same_run",),
    ),
    Mutant(
        "a table that was emptied is loaded in full",
        "lambdas/chain_context.py",
        '",".join(table.key), table.incarnation, *',
        '",".join(table.key), *',
        (f"{_POSTGRESQL}::test_a_truncated_table_is_emptied",),
    ),
    Mutant(
        "an update that may lack a long value is not applied",
        "fleet/deltas/change_sql.py",
        "    if not batch.may_lack_values:\n",
        "    if True:\n",
        (f"{_CHAINS}::test_a_long_value_that_an_update_leaves_alone_is_not_lost",),
    ),
    Mutant(
        "changes of another database are refused",
        "fleet/deltas/change_sql.py",
        "AND OWN = HELD, ",
        ", ",
        (f"{_BATCHES}::test_changes_of_another_database_are_refused",),
    ),
    Mutant(
        "a deleted row keeps its last image",
        "fleet/keeping_sql.py",
        "OVER ({by_key} {IS_GONE}, {newest}) = 1",
        "OVER ({by_key} {newest}) = 1",
        (_SOFT,),
    ),
    Mutant(
        "a row that comes back is not deleted any more",
        "fleet/keeping_sql.py",
        "for name in (*given, DELETED_AT))",
        "for name in given)",
        (_SOFT,),
    ),
    Mutant(
        "a change that is read again makes no version",
        "fleet/keeping_sql.py",
        "{BY_POSITION}, {IS_GONE}{image} ORDER BY",
        "{BY_POSITION}, {BY_ATTEMPT}, {IS_GONE}{image} ORDER BY",
        (
            f"{_KEEPING}::test_changes_that_are_read_again_make_no_version",
            f"{_DELETES}::test_changes_that_are_read_again_after_an_unclean_stop_make_no_versions",
        ),
    ),
    Mutant(
        "an image that is as it was opens no version",
        "fleet/keeping_sql.py",
        "NOT COALESCE({_IS_SAME}, FALSE))",
        "TRUE)",
        (_HISTORY,),
    ),
    Mutant(
        "the versions of a key follow each other",
        "fleet/keeping_sql.py",
        "DATEADD(MICROSECOND, {_NUMBER}, {so_far}) AS {SINCE}",
        "{SINCE}",
        (_HISTORY,),
    ),
    Mutant(
        "history that is sent again is applied once",
        "fleet/deltas/change_sql.py",
        " FROM ({steps}) WHERE {once}",
        " FROM ({steps})",
        (_HISTORY,),
    ),
    Mutant(
        "what of a kept version is over says nothing of an update",
        "fleet/deltas/change_sql.py",
        "living = where_living(batch.deletes)",
        'living = ""',
        (f"{_DELETES}::test_a_long_value_of_a_version_that_has_ended_says_nothing_of_updates",),
    ),
    Mutant(
        "a full load flags and closes what it lacks",
        "fleet/compared_loads.py",
        "{landed} UNION ALL {absent}",
        "{landed}",
        (f"{_COMPARED}::test_a_soft_table_flags_what_is_absent_and_clears_what_is_back",),
    ),
    Mutant(
        "each key that landed lives once",
        "fleet/compared_loads.py",
        "IFF(LIVING = LANDED, ",
        "IFF(TRUE, ",
        (f"{_COMPARED}::test_two_rows_that_live_under_one_key_are_refused",),
    ),
    Mutant(
        "a table that keeps deleted rows is never replaced",
        "fleet/keeping.py",
        'if deletes == "hard" or not plan.is_replaced:',
        "if plan:",
        (f"{_DELETES}::test_a_new_column_is_added_in_place_and_another_type_is_refused_by_name",),
    ),
    Mutant(
        "a table that keeps deleted rows does not cease to in silence",
        "fleet/keeping.py",
        "if ways and ways != [deletes]:",
        "if ways and not present:",
        (f"{_DELETES}::test_a_table_begins_to_keep_rows_and_does_not_cease_to_in_silence",),
    ),
    Mutant(
        "a table whose rows are to be kept from now on is loaded in full first",
        "fleet/deltas/chain.py",
        "if state.deletes != deletes:",
        "if not deletes:",
        (f"{_DELETES}::test_a_table_begins_to_keep_rows_and_does_not_cease_to_in_silence",),
    ),
    Mutant(
        "a table without a key is not loaded as if nothing were to be kept",
        "lambdas/handlers/database_run/submit_loads.py",
        " or judge_keeping(opened.server.engine, opened.database, tables[name])",
        "",
        (f"{_DELETES}::test_a_table_without_a_key_that_is_to_keep_rows_is_named_and_not_loaded",),
    ),
)
