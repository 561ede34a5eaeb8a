"""Meetings to begin with: the same ones every time."""

import random

TENANTS = ["acme", "globex", "initech"]
PEOPLE = ["Ada", "Grace", "Linus", "Margaret", "Ken", "Barbara", "Edsger", "Donald", "Radia", "Tim", "Frances", "John"]
TOPICS = ["budget", "release", "hiring", "incident", "roadmap", "customer", "security", "migration", "pricing", "design"]
VERBS = ["discussed", "reviewed", "postponed", "approved", "questioned", "estimated", "rejected", "planned"]
OBJECTS = ["deadline", "proposal", "contract", "database", "interface", "report", "forecast", "team", "backlog", "server",
           "invoice", "prototype", "schedule", "dashboard", "alert", "test"]


def sentence(rng, topic):
    words = [rng.choice(PEOPLE), rng.choice(VERBS), "the", topic, rng.choice(OBJECTS), "and", rng.choice(VERBS), "the",
             rng.choice(OBJECTS), "of", "the", rng.choice(TOPICS), rng.choice(OBJECTS)]
    return " ".join(words) + "."


def action(rng):
    item = {"owner": rng.choice(PEOPLE), "task": "prepare the " + rng.choice(OBJECTS), "due": rng.choice(["Monday", "Friday"])}
    if rng.random() < 0.1:
        del item["due"]
    if rng.random() < 0.05:
        item["owner"] = None
    return item


def fill(store, meetings_per_tenant=12, sentences=90):
    rng = random.Random(7)
    for tenant in TENANTS:
        if store.meetings(tenant):
            continue
        for _ in range(meetings_per_tenant):
            topic = rng.choice(TOPICS)
            store.add(tenant, {
                "title": "%s %s %s" % (rng.choice(["Weekly", "Monthly", "Urgent"]), topic, rng.choice(OBJECTS)),
                "transcript": " ".join(sentence(rng, topic) for _ in range(sentences)),
                "actions": [action(rng) for _ in range(6)],
                "participants": rng.sample(PEOPLE, rng.randint(8, 12)),
            })
