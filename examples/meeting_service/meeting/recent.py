"""What was read a moment ago."""

import threading
import time


class Recent:
    """Remembers values for a few seconds, at most so many of them; tells `count` of every hit and miss."""

    def __init__(self, seconds, most, count):
        self.seconds, self.most, self.count = seconds, most, count
        self.lock, self.values = threading.Lock(), {}

    def get(self, tenant, key, read):
        """The tenant's value for the key, from `read` when it is not known or too old."""
        now = time.monotonic()
        with self.lock:
            made, value = self.values.get((tenant, key), (None, None))
        if made is not None and now - made < self.seconds:
            self.count("cache.hits", tenant)
            return value
        self.count("cache.misses", tenant)
        value = read()
        with self.lock:
            self.values.pop((tenant, key), None)
            while len(self.values) >= self.most:
                del self.values[next(iter(self.values))]
            self.values[tenant, key] = now, value
        return value
