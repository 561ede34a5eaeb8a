#pragma once
// The tables of the state database, how an older version's become them, and the rows that both
// write.

#include "adapters/sqlite/database.h"
#include "ports/state_store.h"

namespace ratchet::sqlite {

// Creates the tables, or brings those of an older version to this one, in one transaction.
Status MigrateState(Database& db);

Status WriteLook(Database& db, const StoredLook& look);
Status WriteOutcome(Database& db, const Outcome& outcome);

}  // namespace ratchet::sqlite
