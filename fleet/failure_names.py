"""Every name that a failure may have: what it means, where it comes from, and what to do.

A test holds this against the code in both directions: no name is missing here, and none is here that no code gives.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.failures import CLASSES, FailureClass


@dataclass(frozen=True)
class FailureName:
    """*classes*: those it may have, the usual one first; each has its owner. *place*: the state or function that finds
    it. *means*: a sentence without its own name. *remedy*: the next step."""

    classes: tuple[FailureClass, ...]
    place: str
    means: str
    remedy: str

    @property
    def owners(self) -> tuple[str, ...]:
        """The teams that may own its cause, each once."""
        return tuple(dict.fromkeys(CLASSES[one].owner for one in self.classes))


_LOG = "Read the function's log, mend it, then redrive the execution."
_ANY_OF_DMS: tuple[FailureClass, ...] = (
    "unknown", "connection", "credentials", "instance_exhausted", "landing_access", "source_log_gone", "mapping_empty",
)  # fmt: skip
_ANY_END: tuple[FailureClass, ...] = (
    "unknown", "cancelled", "throttled", "warehouse", "not_deployed", "landing_access",
)  # fmt: skip

NAMES: dict[str, FailureName] = {
    # The source
    "SourceNotAnswering": FailureName(
        ("connection",), "AskSource", "The source's server gave no answer, or takes no connections now.",
        "Check that the server is up and reachable from AskSource's network, then rerun."),
    "SourceRefused": FailureName(
        ("credentials",), "AskSource", "The source's server refused the login, or what the login asked for.",
        "Mend the secret or the grants (`fleet prerequisites DATABASE` prints them), then rerun."),
    "DatabaseNotThere": FailureName(
        ("mapping_empty",), "AskSource", "The server has no database of that name, or does not open it for the login.",
        "Correct `name_at_source` in databases.yaml, or create the database and let the login in. Then rerun."),
    "SourceErred": FailureName(
        ("unknown",), "AskSource", "The source's server answered a question of ours with an error that is not known.",
        "Read the server's words in the text. If they say what to mend, mend it; else report the number to us."),
    "SourceTextUnreadable": FailureName(
        ("table_error",), "AskSource", "A name in the source's catalogue is in another encoding than the server says.",
        "Rename that table or column at the source, or leave its schema out of `schemas`."),
    "SourceLost": FailureName(
        ("connection", "credentials", "landing_access", "instance_exhausted", "mapping_empty", "source_log_gone",
         "unknown"), "SealFolder",
        "The source answered before the load and not after it, so the load may lack rows. Nothing was published.",
        "Check that the source is up, then rerun."),
    "SecretMissing": FailureName(
        ("credentials",), "AskSource", "The server's secret does not exist.",
        "Create it, or correct `secret` in servers.yaml, then deploy."),
    "SecretDenied": FailureName(
        ("credentials",), "AskSource", "AskSource may not read the server's secret: it was made anew, or is not there.",
        "Correct `secret` in servers.yaml where it is wrong, then deploy: that grants the right."),
    "SecretUnusable": FailureName(
        ("credentials",), "AskSource", "The secret has no value, or not the members host, port, username and password.",
        "Mend the secret's members; its value is never shown."),
    "CertificateUnusable": FailureName(
        ("credentials",), "AskSource", "The secret's member `certificate` is no certificate in PEM.",
        "Write the authority's certificate there as PEM."),
    "CertificateNotAccepted": FailureName(
        ("connection",), "AskSource", "The server's certificate is not trusted, not valid, or of another host.",
        "Put its authority into the secret's member `certificate`, or correct `ssl_mode` or the secret's `host`."),
    "AnswerNotBack": FailureName(
        ("connection",), "AskSource's callers", "AskSource was asked, and no answer came in time.",
        "Look for locks and load at the source, then rerun."),
    "AskSourceBroken": FailureName(
        ("unknown",), "AskSource's callers", "AskSource itself broke; nothing is known of the source.",
        "Read the log of AskSource."),
    # The source's log
    "LogNotAsWanted": FailureName(
        ("source_log_gone",), "ContinueChain", "A setting of the source keeps changes out of its log.",
        "Mend the setting that the text names (`fleet prerequisites DATABASE --deltas`), then run the deltas again."),
    "SlotGone": FailureName(
        ("source_log_gone",), "ContinueChain", "The source has no replication slot any more that kept its log for us.",
        "Nothing, if the run began the deltas anew. Find who dropped it, if it recurs."),
    "SlotLost": FailureName(
        ("source_log_gone",), "ContinueChain", "The source has cut the log that the next delta would have read.",
        "Raise max_slot_wal_keep_size at the source, or run deltas more often. The deltas begin anew."),
    "LogCut": FailureName(
        ("source_log_gone",), "ContinueChain", "The source has deleted its log where the next delta begins.",
        "Keep the log longer than the longest pause between two deltas. The deltas begin anew."),
    "AnotherServer": FailureName(
        ("source_log_gone",), "ContinueChain", "The source is another server than at the last delta.",
        "Nothing, if it was moved on purpose: the run begins the deltas anew."),
    "LogSetBack": FailureName(
        ("source_log_gone",), "ContinueChain", "The log ends earlier than at the last delta, or was begun anew.",
        "Nothing, if the source was restored from a backup or its log reset: the run begins the deltas anew."),
    "SlotMoved": FailureName(
        ("source_log_gone",), "ContinueChain", "Somebody else has read from the replication slot of the deltas.",
        "Find who reads it: what they read no delta has. The deltas begin anew."),
    # What is to be moved
    "NothingSelected": FailureName(
        ("mapping_empty",), "PrepareTask", "None of the source's tables and views that the login sees is to be moved.",
        "Correct `schemas` and `exclude`, or grant SELECT to the login."),
    "TableNotSelected": FailureName(
        ("mapping_empty",), "PrepareTask",
        "The run's input names a table that the source does not have, or that is excluded.",
        "Name tables as schema.table, exactly as the source does."),
    "TableNotAsked": FailureName(
        ("cancelled",), "RecordOutcome", "The table was not moved, because the run's input named other tables.",
        "Run the database once without `tables`."),
    "TablesClash": FailureName(
        ("mapping_empty",), "SubmitLoads", "Two tables would have one name in Snowflake.",
        "Exclude all but one, or rename them at the source."),
    "ColumnsClash": FailureName(
        ("mapping_empty",), "SubmitLoads",
        "Two columns differ in case only, or one has a name of ours; COPY cannot tell them apart.",
        "Give the column another name with `renames` in the registry, or exclude the table."),
    # Drift
    "TableDrifted": FailureName(
        ("drift",), "SubmitLoads",
        "The table was loaded, and its source has changed so that readers may miss something: a column has another "
        "type, or is gone.",
        "Read docs/drift.md; accept it with `drift` in the registry, or ask the source team to mend it."),
    "DriftWithheld": FailureName(
        ("drift",), "SubmitLoads",
        "The source's table has changed so that readers may miss something, and the registry wants it withheld.",
        "Read docs/drift.md; accept it with `drift` in the registry, or ask the source team to mend it."),
    "ColumnNotLanded": FailureName(
        ("landing_mismatch",), "SubmitLoads",
        "A column that the source's catalogue has, and that DMS carries, is not in the files. Nothing was loaded.",
        "Rerun the table, if it was changed during the run; else ask the fleet team (docs/drift.md)."),
    "ColumnWithoutPlace": FailureName(
        ("landing_mismatch",), "SubmitLoads",
        "A column is in the files and not in the source's catalogue as it was read. Nothing was loaded.",
        "Rerun the table, if it was changed during the run; else ask the fleet team (docs/drift.md)."),
    "RowsNotKept": FailureName(
        ("mapping_empty",), "SubmitLoads",
        "The registry says that the table keeps deleted rows, and it has no key to know them by. Nothing was loaded.",
        "Say `deletes: hard` of it in `tables` of databases.yaml, or give it a primary key, or declare one: `key`."),
    "DeclaredKeyUnfit": FailureName(
        ("mapping_empty",), "SubmitLoads",
        "The registry's `key` names a column that the table has not, or that can be no key. Nothing was loaded.",
        "Correct `key` in `tables` of databases.yaml."),
    "DeclaredKeyBroken": FailureName(
        ("table_error",), "PollLoads",
        "Rows landed twice under the key that the registry declares, or without one. Nothing was loaded.",
        "Add columns to `key` in `tables` of databases.yaml until it holds, or remove it."),
    "LeftOutLanded": FailureName(
        ("landing_mismatch",), "SealFolder",
        "A column landed that `exclude_columns` leaves out: it came to the source during the run. Nothing was loaded.",
        "Delete the table's files of the attempt, which the outcome names, and rerun."),
    "DeletesSwitched": FailureName(
        ("drift",), "SubmitLoads",
        "The table keeps deleted rows in another way than `deletes` now says. Nothing was loaded.",
        "Say the old word again; or rename or drop the table in Snowflake, and rerun (docs/deltas.md)."),
    "TableNotReplaced": FailureName(
        ("drift",), "SubmitLoads",
        "Its columns have changed so that it had to be replaced, and it keeps deleted rows. Nothing was loaded.",
        "Rename the table in Snowflake and rerun; or keep a dropped column with `drift: partial` (docs/deltas.md)."),
    "NotReady": FailureName(
        ("not_ready",), "PrepareTask",
        "The database is new, and a check of the gate speaks against its first load. Nothing was moved.",
        "Mend what the text says of each check, in the registry or at the source. Then rerun."),
    "MappingsTooLong": FailureName(
        ("quota",), "PrepareTask", "The task's table mappings are longer than DMS takes.",
        "Divide the database into two entries with other `schemas`, or exclude fewer tables by name."),
    # Claim and run
    "Claimed": FailureName(
        ("cancelled",), "ClaimDatabase", "Another execution holds the database.",
        "Nothing, if that one copies it; the report says so. Else rerun."),
    "ServerFull": FailureName(
        ("server_full",), "ClaimDatabase", "No place at the database's server became free in time.",
        "Rerun later, or raise `databases_at_once` or `connections_at_once` of the server."),
    "ServerBlackout": FailureName(
        ("blackout",), "ClaimDatabase", "The database's server is in one of its `blackouts`, for longer than we wait.",
        "Start the run at another time, or shorten the window in servers.yaml."),
    "RunStopped": FailureName(
        ("cancelled",), "every state", "Somebody asked the run to end (`fleet stop`).", "Rerun when ready."),
    "Quarantined": FailureName(
        ("quarantined",), "PlanRun", "A person holds the database back until a day, in the registry.",
        "Nothing: it ends by itself on that day. To end it earlier, remove `quarantined` and deploy."),
    "NotDeployed": FailureName(
        ("not_deployed",), "PlanRun", "The database is onboarded, and DMS has no task for it.",
        "Deploy the stack of its instance."),
    "ResourceGone": FailureName(
        ("not_deployed",), "every state that asks DMS", "A task or endpoint that was deployed is not there any more.",
        "Deploy the stack of its instance. Find who deleted it."),
    # Endpoints and task
    "SourceNotAsWanted": FailureName(
        ("not_deployed",), "StartTask",
        "The source endpoint's SslMode or one of its settings is not as servers.yaml says.",
        "Deploy; where servers.yaml does not say the setting, write it there first."),
    "EndpointNotAsWanted": FailureName(
        ("landing_mismatch",), "StartTask", "The S3 endpoint was changed between our change and the start.",
        "Rerun; find who changed it, if it recurs."),
    "EndpointNotModified": FailureName(
        ("unknown",), "PointEndpoint", "DMS refused to change the S3 endpoint.", "Read DMS's words in the text."),
    "EndpointModifiesTooLong": FailureName(
        ("unknown",), "PointEndpoint", "DMS did not end its change of the S3 endpoint in time.",
        "Look at the endpoint in DMS's console, then rerun."),
    "FolderOutsideDatabase": FailureName(
        ("landing_mismatch",), "PointEndpoint, StartTask",
        "The folder to write is not one of this database's. Nothing was started.",
        "Find what computed it before a rerun: rows would land in another's place."),
    "FolderNotEmpty": FailureName(
        ("landing_mismatch",), "PointEndpoint, StartTask", "The attempt's new folder holds an object already.",
        "Find who wrote it, then rerun."),
    "ConnectionTestFailed": FailureName(
        ("connection", "credentials", "landing_access", "instance_exhausted", "mapping_empty", "source_log_gone"),
        "AwaitConnection", "DMS's own test of an endpoint's connection failed.",
        "Mend what DMS says in the text, then rerun."),
    "TestTooLong": FailureName(
        ("connection", "landing_access"), "AwaitConnection", "A test of a connection did not end in time.",
        "Check the way from the instance to that side, then rerun."),
    "TaskNotModified": FailureName(
        ("unknown",), "PrepareTask", "DMS refused to change the task.", "Read DMS's words in the text."),
    "TaskModifiesTooLong": FailureName(
        ("unknown",), "PrepareTask", "DMS did not end its change of the task in time.",
        "Look at the task in DMS's console, then rerun."),
    "TaskNotAtRest": FailureName(
        ("unknown",), "PrepareTask, StartTask, SealFolder",
        "A task of the database moves, and this run did not start it.",
        "Find who started it; stop it, then rerun."),
    "TaskNotAsWanted": FailureName(
        ("unknown",), "StartTask", "The task as DMS has it differs from what was wanted.",
        "Rerun; find who changed it, if it recurs."),
    "StartRefused": FailureName(
        ("unknown",), "StartTask", "DMS refused to start the task.", "Read DMS's words in the text."),
    "StartNotSeen": FailureName(
        ("unknown",), "PollTask", "The task was started, and DMS never showed that start.",
        "Look at the task in DMS's console, then rerun."),
    "TaskFailed": FailureName(
        _ANY_OF_DMS, "SealFolder", "The task ended as failed. Nothing of it is published.",
        "Read DMS's words in the text and the task's log, then rerun."),
    "TaskStoppedEarly": FailureName(
        ("cancelled", *_ANY_OF_DMS), "SealFolder",
        "The task stopped before the load was over. Nothing of it is published.",
        "Find who stopped it, then rerun."),
    "TaskNeverStarted": FailureName(
        ("unknown",), "SealFolder", "The task is ready: it was never started, or its start was undone.",
        "Rerun; find who undid it, if it recurs."),
    "TaskTooLong": FailureName(
        ("unknown",), "PollTask", "The task ran longer than `limits.task_deadline_seconds`.",
        "Raise the limit, or load the largest tables in ranges (`parallel_loads`)."),
    "TaskStuck": FailureName(
        ("unknown",), "PollTask", "Nothing moved for `limits.stuck_seconds`.",
        "Look for locks at the source and at the instance's memory and disk."),
    "TaskDoesNotStop": FailureName(
        ("unknown",), "StopTask", "The task did not come to rest after it was asked to stop.",
        "Look at the task in DMS's console; the database is held until it rests."),
    # Folder and seal
    "TableNotLoaded": FailureName(
        ("table_error", "credentials", "connection", "mapping_empty"), "SealFolder", "DMS did not load the table.",
        "Mend what the task's log says of it (the text repeats it), then rerun the table."),
    "RowsDifferFromSource": FailureName(
        ("table_error",), "SealFolder",
        "The rows that DMS loaded lie outside of the source's counts before and after the load.",
        "Rerun the table; set `row_tolerance` where rows come and go during the load."),
    "RowsHidden": FailureName(
        ("not_moved",), "SealFolder",
        "The source refused to count the table, because row security hides rows of it: DMS may have read a part.",
        "Give the login BYPASSRLS, or leave the relation out with `exclude`."),
    "RelationsNotMoved": FailureName(
        ("not_moved",), "RecordOutcome",
        "Relations of the schemas were not moved: the login or DMS cannot read them, or they are gone.",
        "`fleet show DATABASE` names each with the reason. Mend it, or leave the relation out with `exclude`."),
    "ValuesLost": FailureName(
        ("value_loss",), "RecordOutcome",
        "The tables are published; some values of theirs are not as they are at the source, or columns are left out.",
        "Accept it in `tables` of databases.yaml, or mend it: raise `lob_max_kilobytes`, or change the type."),
    "LossNotAllowed": FailureName(
        ("value_loss",), "SealFolder",
        "Values of the table would be lost, and the registry's policy for losses is `failed`: it was withheld.",
        "Mend the cause, or change `losses` or `accept` in databases.yaml. Then rerun the table."),
    "RowsWithoutFiles": FailureName(
        ("landing_mismatch",), "SealFolder", "DMS loaded rows, and S3 has no file of them.",
        "Find who removed them, then rerun."),
    "FilesWithoutRows": FailureName(
        ("landing_mismatch",), "SealFolder", "DMS loaded no row, and S3 has files of the table.",
        "Find who wrote them, then rerun."),
    "StrayObjects": FailureName(
        ("landing_mismatch",), "SealFolder", "The folder holds objects that belong to no table of the load.",
        "Find who wrote them, then rerun."),
    "LateObject": FailureName(
        ("landing_mismatch",), "SealFolder", "An object came to an earlier folder after its seal.",
        "Find who wrote it; what was loaded from that folder may lack rows."),
    "ForeignManifest": FailureName(
        ("landing_mismatch",), "SealFolder", "The folder has a manifest that this attempt did not write.",
        "Find who wrote it, then rerun."),
    "SealTestTooLong": FailureName(
        ("connection",), "SealFolder", "The source was not seen to answer after the load: its test did not end.",
        "Check that the source is up, then rerun."),
    # Snowflake
    "RequestRefused": FailureName(
        ("warehouse",), "SubmitLoads", "Snowflake's SQL API refused the request.",
        "Read Snowflake's answer in the text, then rerun."),
    "LoadRefused": FailureName(
        ("warehouse",), "PollLoads", "Snowflake ended the table's load with an error; its old rows stay.",
        "Read Snowflake's answer in the text, then rerun."),
    "LoadTooLong": FailureName(
        ("warehouse",), "PollLoads",
        "The table's load took longer than `limits.load_deadline_seconds` and was cancelled.",
        "Look for what else the warehouse did, raise its size or the limit, then rerun."),
    "LoadCancelled": FailureName(
        ("cancelled",), "Recorder, Sweep", "The table's load was cancelled, because its execution broke off.",
        "Rerun."),
    "NeverLoaded": FailureName(
        ("warehouse",), "Reconcile", "The table was sealed, and Snowflake was never asked to load it.", "Rerun."),
    "RowsDifferInWarehouse": FailureName(
        ("warehouse",), "Reconcile", "COPY read, or the table holds, another number of rows than DMS loaded.",
        "Look for what else writes into the table, then rerun."),
    # Executions and functions
    "ExecutionBrokenOff": FailureName(
        _ANY_END, "Recorder", "The execution ended and recorded no outcome.",
        "Read the execution's history, then rerun."),
    "ExecutionTooLong": FailureName(
        _ANY_END, "Recorder", "The execution ran out of its time.",
        "Read in its history what it waited for, then rerun."),
    "FunctionTimedOut": FailureName(
        ("function_died", "warehouse", "cancelled"), "Recorder",
        "A function ran out of its time, each time it was tried.", _LOG),
    "FunctionOutOfMemory": FailureName(
        ("function_died", "cancelled"), "Recorder", "A function ran out of memory.",
        "Raise `stack.functions.memory_megabytes` and deploy."),
    "FunctionExited": FailureName(
        ("function_died", "cancelled"), "Recorder", "A function's process ended without an answer.", _LOG),
    "FunctionDied": FailureName(
        ("function_died", "cancelled"), "Recorder", "A function died, and Lambda does not say of what.", _LOG),
    "FunctionNotHeardOf": FailureName(
        ("function_died", "warehouse", "cancelled"), "Recorder",
        "A function gave no answer in time, and may have run on.",
        "Look at its log and at Lambda's throttles, then redrive."),
    "FunctionCallLost": FailureName(
        ("function_died", "cancelled"), "Recorder", "Step Functions cannot say whether a function ran.", _LOG),
    "FunctionNotLoaded": FailureName(
        ("function_died", "cancelled"), "Recorder", "A function could not be loaded: its package lacks something.",
        "Build the package again for the function's Python and deploy."),
    "FunctionAnswerRefused": FailureName(
        ("function_died", "cancelled"), "Recorder", "Lambda refused a function's answer.",
        "Report it to us: the handler must be mended."),
    "NoOutcome": FailureName(
        ("unknown",), "CloseRun", "The database is in the plan and left no outcome.",
        "Open its execution in the console, then rerun."),
    "NoReason": FailureName(
        ("unknown",), "the page of a run", "The outcome is not ok and gives no reason.",
        "Report it to us: an outcome must give one."),
    "NothingMoved": FailureName(
        ("unknown",), "RecordOutcome", "No table of the database was accounted for.",
        "Read the execution's history, then rerun."),
    "OutcomeUnreadable": FailureName(
        ("unknown", "connection", "credentials", "table_error", "warehouse"), "CloseRun",
        "The outcome's document is gone or cannot be read.",
        "Run the database again."),
    # Deltas
    "ChainBroken": FailureName(
        ("source_log_gone",), "ContinueChain", "Another task, or one that never ran, is where the deltas' task was.",
        "Nothing, where the registry says `on_gap: reload`: the run begins anew. Else set that, or load in full."),
    "TaskNotFresh": FailureName(
        ("source_log_gone",), "ContinueChain", "The deltas' task has run, and nobody knows up to where it has read.",
        "Nothing, where the registry says `on_gap: reload`: the run makes it anew. Else set that."),
    "TaskNotRemade": FailureName(
        ("unknown",), "ContinueChain", "DMS did not delete the deltas' task, or did not make it anew.",
        "Read DMS's words in the text, mend it, then rerun. Or deploy the stack, which makes a missing task."),
    "TransactionsHidden": FailureName(
        ("credentials",), "AskSource", "The login does not see other sessions, so nobody knows of open transactions.",
        "Grant what `fleet prerequisites DATABASE --deltas` prints, then rerun."),
    "TransactionsOpen": FailureName(
        ("connection",), "ContinueChain", "A transaction stayed open that the first full load of the deltas waits for.",
        "End that transaction at the source, or raise `transaction_wait_seconds`. Then rerun."),
    "NeedsFullLoad": FailureName(
        ("source_log_gone",), "SubmitLoads", "The table's changes cannot be applied before it is loaded in full.",
        "Nothing, if the full load of the same run was ok. Else read why that failed, and rerun."),
    "DeltaBehind": FailureName(
        ("delta_behind",), "Reconcile", "The task did not come to the mark of this delta; what landed waits.",
        "Nothing: the next delta takes it along. If it stays behind, raise `delta_seconds` or the instance's class. If "
        "the outcome says that another attempt's mark was found, look who else sets it: two fleets need two marks."),
    "Joined": FailureName(
        ("joined",), "ClaimDatabase", "Another run held the database, and reads its changes once more before it ends.",
        "Nothing: how that went is in the other run."),
    "KeysDiffer": FailureName(
        ("warehouse",), "CompareKeys", "A key sweep found rows too many or too few in Snowflake, and left them so.",
        "Sweep again (`fleet sweep DATABASE`). If it stays so, load the table in full."),
    "TableSuspended": FailureName(
        ("table_error",), "SealFolder", "DMS has stopped reading the table's changes, because of an error with it.",
        "Read the task's log for the reason, and mend it. The run loads the table in full meanwhile."),
    "TableChanged": FailureName(
        ("drift",), "SealFolder", "The table was altered, made anew or emptied while the delta read its changes.",
        "Nothing: the same run loads it in full."),
    "ColumnsMissing": FailureName(
        ("landing_mismatch",), "SealFolder", "DMS leaves columns of the table out of its changes.",
        "Nothing: the same run loads the table in full. If it comes again, the table is unfit for deltas."),
    "ChangesMissing": FailureName(
        ("landing_mismatch",), "SealFolder", "The files hold fewer changes than DMS says it wrote.",
        "Nothing: the same run loads the table in full. Find out who deletes from the landing bucket."),
}  # fmt: skip
