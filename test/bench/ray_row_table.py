"""The rows that ray_rows.py serves, by their names."""

ROWS = {}


def row(name):
    """Registers how a row is prepared: a function of the scale that gives (call, times counted for one call, actors to end)."""

    def register(prepare):
        ROWS[name] = prepare
        return prepare

    return register


def timed_once(name):
    """Registers a row of which one run is one sample: a function of the scale that gives the sample, in the row's unit."""

    def register(sample):
        sample.is_once = True
        ROWS[name] = sample
        return sample

    return register


def scaled(count, scale):
    return max(1, int(count * scale))
