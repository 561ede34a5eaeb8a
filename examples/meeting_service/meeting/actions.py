"""Action items: who promised what, until when."""


def describe(item):
    """One line for people, e.g. "Ada: send the slides (until Friday)"."""
    owner = item["owner"].strip()
    return "{}: {} (until {})".format(owner, item["task"], item["due"])


def describe_all(items, on_error):
    """Lines for all items; an incomplete one is reported with `on_error` and left out."""
    lines = []
    for item in items:
        try:
            lines.append(describe(item))
        except (KeyError, AttributeError) as error:
            on_error(error)
    return lines
