import MartletPostgres

/// The database that a store in PostgreSQL is kept in.
struct DatabaseExamination {
    let inspection: PostgresInspection

    var findings: [Finding] { [durability, standbys].compactMap(\.self) }

    private var durability: Finding {
        guard inspection.isDurable else {
            return .problem(
                "store",
                "The database does not sync its files (fsync or full_page_writes is off): a power cut "
                    + "loses rotations that were answered, and logs people out. Turn both on."
            )
        }
        return .ok("store", "The database can be reached, and syncs what it commits.")
    }

    private var standbys: Finding? {
        guard let standbys = inspection.standbys, standbys.count > 0 else { return nil }
        guard standbys.areWaitedFor else {
            return .advice(
                "store",
                "Commits do not wait for a standby: after a fail-over the last rotations are lost, and "
                    + "who made them is logged out. Set synchronous_standby_names."
            )
        }
        return .ok("store", "Commits wait for a standby.")
    }
}
