"""The Glossary page: all terms, one section by link, and the filter."""

import gc

from pages.shared.frame import PAGES

PAGE = "pages/help/glossary.py"


def opened_page(app, **link):
    for name, value in link.items():
        app.query_params[name] = value
    return app.run().switch_page(PAGE).run()


def text(app) -> str:
    return "\n".join(str(element.value) for element in (*app.header, *app.markdown, *app.info))


def test_the_page_shows_all_sections(home, app):
    at = opened_page(app)
    assert not at.exception
    assert {"General", "Statistics", "Map", "Scoreboard"} <= {str(header.value) for header in at.header}
    assert "### Trustworthiness" in text(at)
    assert gc.get_freeze_count() > 50_000  # imported modules are not searched for garbage after each run


def test_every_page_has_a_section_that_its_sidebar_links_to(home, app):
    at = opened_page(app)
    titles = [title for pages in PAGES.values() for _, title, *_ in pages if title != "Glossary"]
    assert set(titles) <= set(at.selectbox(key="section").options)
    link = next(link for link in app.switch_page("pages/explore/map.py").run().sidebar.get("page_link"))
    assert "section=Map" in link.proto.query_string


def test_a_link_names_a_section_and_the_filter_narrows_it(home, app):
    at = opened_page(app, section="Map")
    assert at.selectbox(key="section").value == "Map"
    assert [str(header.value) for header in at.header] == ["Map"]
    at.text_input(key="term").set_value("TRUSTWORTHINESS venna").run()
    assert text(at).count("### ") == 1
    at.text_input(key="term").set_value("no such term at all").run()
    assert not at.header
    assert at.info


def test_links_lead_only_to_terms_on_the_page(home, app):
    at = opened_page(app, section="Quality")
    assert "](#scoreboard)" not in text(at)
