from check_page import PAGE, page


def test_the_page_of_checks_says_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"
