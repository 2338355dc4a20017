"""What the local DMS claims of table mappings: selection, filters, transformations, expressions, parallel load."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_GUIDE = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_"
_MAPPING = f"{_GUIDE}Tasks.CustomizingTasks.TableMapping.SelectionTransformation"
_TRANSFORMATIONS = f"{_MAPPING}.Transformations.html"
_EXPRESSIONS = f"{_MAPPING}.Expressions.html"
_SELECTIONS = f"{_MAPPING}.Selections.html"
_TABLE_SETTINGS = f"{_MAPPING}.Tablesettings.html"
_FILTERS = f"{_GUIDE}Tasks.CustomizingTasks.Filters.html"

_FILES = "tests/contract/dms/test_dms_files.py::"
_LOADS = "tests/contract/dms/test_dms_files_load.py::"
_DMS_LOAD = "tests/contract/dms/test_dms_load.py::"
_RULES = "tests/unit/local/dms/test_dms_transformations.py::"
_ROWS = "tests/unit/local/dms/test_dms_filters.py::"
_MAPPINGS = "tests/unit/local/dms/test_dms_mappings.py::"
_COMPUTED = "tests/unit/local/dms/test_dms_expressions.py::"
_TABLES = "aws dms describe-table-statistics --replication-task-arn TASK"

BEHAVIOURS = (
    Behaviour(
        "Wildcards %, _, [ab], [a-d] and [_], case-sensitively",
        "documented",
        f"{_MAPPING}.Wildcards.html",
        f"{_MAPPINGS}test_wildcards_match_as_dms_documents_them",
    ),
    Behaviour(
        "include, exclude and explicit; an exclude wins over both",
        "assumed",
        _SELECTIONS,
        f"{_MAPPINGS}test_an_exclude_takes_out_what_an_include_took_in",
        _TABLES,
    ),
    Behaviour(
        "table-type: tables unless it says view or all",
        "documented",
        _SELECTIONS,
        f"{_MAPPINGS}test_a_locator_means_tables_only_unless_it_says_otherwise",
    ),
    Behaviour(
        "load-order: the higher number begins first",
        "documented",
        _SELECTIONS,
        f"{_MAPPINGS}test_the_highest_load_order_of_the_rules_that_select_a_table_counts",
    ),
    Behaviour(
        "Filters hold all together, the conditions of one are alternatives, a negative one stands alone",
        "documented",
        _FILTERS,
        f"{_ROWS}test_conditions_are_alternatives_and_filters_all_hold",
    ),
    Behaviour(
        "Every filter operator; a value is compared by the type of its column",
        "documented",
        _FILTERS,
        f"{_ROWS}test_every_operator_keeps_the_rows_that_its_name_says",
    ),
    Behaviour(
        "Rules that select one table with different filters",
        "",
        test=f"{_ROWS}test_two_rules_with_different_filters_for_one_table_are_not_guessed_at",
        is_refused=True,
    ),
    Behaviour(
        "rename, convert-, add-, remove- and replace- of schemas, tables and columns",
        "documented",
        _TRANSFORMATIONS,
        f"{_RULES}test_schemas_and_tables_are_renamed_as_each_action_says",
    ),
    Behaviour(
        "add-column, include-column and remove-column",
        "documented",
        _TRANSFORMATIONS,
        f"{_RULES}test_columns_are_renamed_left_out_and_added",
    ),
    Behaviour(
        "An added column without an expression holds NULL",
        "assumed",
        _TRANSFORMATIONS,
        f"{_FILES}test_added_columns_hold_constants_expressions_or_nothing",
        "aws s3 cp s3://BUCKET/KEY - | head",
    ),
    Behaviour(
        "change-data-type converts each value, or errs the table",
        "assumed",
        _TRANSFORMATIONS,
        f"{_FILES}test_a_changed_data_type_carries_the_value_over",
        _TABLES,
    ),
    Behaviour(
        "define-primary-key changes nothing in S3",
        "assumed",
        _TRANSFORMATIONS,
        f"{_RULES}test_columns_are_renamed_left_out_and_added",
        _TABLES,
    ),
    Behaviour(
        "More than one action on one object is not supported: the table errs",
        "assumed",
        _TRANSFORMATIONS,
        f"{_RULES}test_rules_that_do_not_fit_a_table_name_it_and_themselves",
        _TABLES,
    ),
    Behaviour(
        "Of a LOB column only its removal is supported, of one with a special character nothing: the table errs",
        "assumed",
        _TRANSFORMATIONS,
        f"{_LOADS}test_a_table_that_the_rules_do_not_fit_errs_alone",
        _TABLES,
    ),
    Behaviour(
        "Two tables are never loaded into one: both err",
        "assumed",
        _TRANSFORMATIONS,
        f"{_LOADS}test_two_tables_under_one_name_both_err_and_the_others_are_loaded",
        _TABLES,
    ),
    Behaviour(
        "Table statistics keep the source's names under a renaming rule",
        "assumed",
        _TRANSFORMATIONS,
        f"{_LOADS}test_transformations_shape_keys_and_columns_while_statistics_keep_the_sources_names",
        _TABLES,
    ),
    Behaviour(
        "Expressions of add-column: the guide's functions, CASE and operators, computed by SQLite",
        "documented",
        _EXPRESSIONS,
        f"{_COMPUTED}test_an_expression_is_computed_as_sqlite_does",
    ),
    *(
        Behaviour(name, "", test=f"{_COMPUTED}test_what_is_not_computed_here_is_refused_by_name", is_refused=True)
        for name in (
            "Headers of changes ($AR_H_...) in an expression",
            "random and randomblob in an expression",
            "operation_indicator in an expression",
        )
    ),
    *(
        Behaviour(name, "", test=f"{_RULES}test_what_is_not_done_here_is_refused_by_name", is_refused=True)
        for name in ("add-before-image-columns", "Data masking by a transformation")
    ),
    Behaviour(
        "parallel-load of type ranges: keys by segment, every row once, none with a NULL boundary",
        "documented",
        _TABLE_SETTINGS,
        f"{_DMS_LOAD}test_segments_have_numbered_keys_and_their_rows_add_up",
    ),
    *(
        Behaviour(
            name, "", test=f"{_MAPPINGS}test_a_legal_rule_that_is_not_done_here_is_refused_by_name", is_refused=True
        )
        for name in (
            "parallel-load by partitions",
            "lob-settings of a table",
            "post-processing rules (tags of objects)",
        )
    ),
)
