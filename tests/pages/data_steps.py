"""What tests of the Data page share."""

CSV = b"""Summary,Text,Score,Time
Great,I like it,5,1351123200
Bad,I do not,1,1351123201
Great,I like it,5,1351123202
,,3,1351123203
"""


def start(app):
    return app.run().switch_page("pages/data/corpus.py").run()


def upload(app, *files):
    uploader = next(one for one in app.file_uploader)
    return uploader.set_value([(name, data, "application/octet-stream") for name, data in files]).run()


def widget(app, kind, name):
    """The widget whose key is `name` followed by the tag of the files, if any."""
    matches = [one for one in app.get(kind) if (one.key or "").rsplit("-", 1)[0] == name or one.key == name]
    assert matches, f"no {kind} {name}; errors: {errors(app)}; exceptions: {[one.value for one in app.exception]}"
    return matches[0]


def create(app, name):
    widget(app, "text_input", "name").set_value(name)
    return widget(app, "button", "create").click().run()


def errors(app):
    return " ".join(error.value.replace("\\", "") for error in app.error)
