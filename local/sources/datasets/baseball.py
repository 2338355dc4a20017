"""The Lahman baseball database, split by theme into four databases. Its own gaps are kept: two tables have no key."""

from __future__ import annotations

from local.sources.datasets.loading import Loader


def build_players(load: Loader) -> None:
    """People and what they batted, pitched, earned and were honoured for; names and columns in lower case."""
    lahman = load.published.lahman
    load.table(
        "people",
        "SELECT * REPLACE (debut::DATE AS debut, finalgame::DATE AS finalgame, weight::SMALLINT AS weight,"
        f" height::SMALLINT AS height) FROM {lahman('People')}",
        key="playerid",
    )
    load.table("batting", lahman("Batting"), key="playerid yearid stint")
    load.table(
        "pitching",
        f"SELECT * REPLACE (era::DECIMAL(7, 2) AS era) FROM {lahman('Pitching')}",
        key="playerid yearid stint",
    )
    load.table(
        "salaries",
        f"SELECT * REPLACE (salary::DECIMAL(12, 2) AS salary) FROM {lahman('Salaries')}",
        key="yearid teamid lgid playerid",
    )
    load.table("schools", lahman("Schools"), key="schoolid")
    load.table("college_playing", lahman("CollegePlaying"))
    load.table("hall_of_fame", lahman("HallOfFame"), key="playerid yearid votedby")
    load.table("awards_players", lahman("AwardsPlayers"))
    load.run(
        """
        CREATE VIEW career_batting AS
            SELECT p.playerid, p.namefirst, p.namelast, sum(b.ab) AS at_bats, sum(b.h) AS hits, sum(b.hr) AS home_runs
            FROM people p JOIN batting b USING (playerid)
            GROUP BY p.playerid, p.namefirst, p.namelast;
        CREATE VIEW inducted AS SELECT playerid, yearid, category FROM hall_of_fame WHERE inducted = 'Y';
        """
    )


def build_teams(load: Loader) -> None:
    """Teams, managers and parks in a schema with capitals; columns spelled as published (`teamID`, `2B`)."""

    def lahman(table: str) -> str:
        return load.published.lahman(table, lower=False)

    load.table(
        "Teams",
        f'SELECT * REPLACE (coalesce("lgID", \'NA\') AS "lgID") FROM {lahman("Teams")}',
        key="yearID lgID teamID",
        schema="Lahman",
    )
    load.table("TeamsFranchises", lahman("TeamsFranchises"), key="franchID", schema="Lahman")
    load.table("TeamsHalf", lahman("TeamsHalf"), key="yearID lgID teamID half", schema="Lahman")
    load.table("Managers", lahman("Managers"), key="yearID teamID inseason", schema="Lahman")
    load.table("ManagersHalf", lahman("ManagersHalf"), key="playerID yearID teamID half", schema="Lahman")
    load.table("Parks", lahman("Parks"), key="parkkey")
    load.table(
        "HomeGames",
        f"SELECT * REPLACE (spanfirst::DATE AS spanfirst, spanlast::DATE AS spanlast) FROM {lahman('HomeGames')}",
        key="yearkey teamkey parkkey",
    )
    load.run(
        """
        CREATE VIEW "Lahman"."Champions" AS
            SELECT t."yearID", t."teamID", t.name, f."franchName", t."W", t."L"
            FROM "Lahman"."Teams" t JOIN "Lahman"."TeamsFranchises" f USING ("franchID") WHERE t."WSWin" = 'Y';
        """
    )


def build_postseason(load: Loader) -> None:
    """What was played after each season."""
    lahman = load.published.lahman
    load.table("series", lahman("SeriesPost"), key="yearid round")
    load.table("batting", lahman("BattingPost"), key="yearid round playerid")
    load.table("pitching", lahman("PitchingPost"), key="yearid round playerid")
    load.table("fielding", lahman("FieldingPost"), key="playerid yearid round pos")
    load.run(
        """
        CREATE TABLE protests (
            yearid bigint, round varchar, filed_at timestamptz NOT NULL, wording text, PRIMARY KEY (yearid, round)
        );
        CREATE VIEW series_batting AS
            SELECT s.yearid, s.round, s.teamidwinner, sum(b.r) AS runs
            FROM series s JOIN batting b ON b.yearid = s.yearid AND b.round = s.round AND b.teamid = s.teamidwinner
            GROUP BY s.yearid, s.round, s.teamidwinner;
        """
    )


def build_fielding(load: Loader) -> None:
    """Who stood where: three long tables, the longest to be read in ranges."""
    lahman = load.published.lahman
    load.table("fielding", lahman("Fielding"), key="playerid yearid stint pos")
    load.table("fielding_of", lahman("FieldingOF"), key="playerid yearid stint")
    load.table("appearances", lahman("Appearances"), key="yearid teamid playerid")
    load.table("allstar_full", lahman("AllstarFull"))
    load.run(
        """
        CREATE VIEW catchers AS SELECT playerid, yearid, stint, g, pb, wp FROM fielding WHERE pos = 'C';
        """
    )
