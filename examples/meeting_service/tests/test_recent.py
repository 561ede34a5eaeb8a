import unittest

from meeting.recent import Recent


class RecentTest(unittest.TestCase):
    def setUp(self):
        self.reads = []
        self.told = []

    def get(self, recent, tenant, key):
        return recent.get(tenant, key, lambda: self.reads.append(key) or len(self.reads))

    def recent(self, seconds=60, most=2):
        return Recent(seconds, most, lambda name, tenant: self.told.append((name, tenant)))

    def test_a_value_is_read_once(self):
        recent = self.recent()
        self.assertEqual([self.get(recent, "acme", 1), self.get(recent, "acme", 1)], [1, 1])
        self.assertEqual(self.told, [("cache.misses", "acme"), ("cache.hits", "acme")])

    def test_tenants_do_not_see_each_others_values(self):
        recent = self.recent()
        self.assertNotEqual(self.get(recent, "acme", 1), self.get(recent, "globex", 1))

    def test_old_values_are_read_again(self):
        recent = self.recent(seconds=0)
        self.assertNotEqual(self.get(recent, "acme", 1), self.get(recent, "acme", 1))

    def test_the_oldest_value_makes_room(self):
        recent = self.recent()
        for key in (1, 2, 3, 1):
            self.get(recent, "acme", key)
        self.assertEqual(self.reads, [1, 2, 3, 1])
