/// One session as its app knows it: every refresh token that it was ever told.
struct Session: Sendable {
    let app: App
    /// The oldest first.
    var tokens: [String]
    /// What the app does with its newest token.
    let habit: Habit
    /// Whether the last request brought no answer, so that its rotation may be done or not.
    var isUnsure = false

    enum Habit: Sendable {
        case oneAtATime
        /// As two tabs of one browser do.
        case twiceAtOnce
    }

    /// A mixture of all apps, each of those that allow it with both habits.
    static let mixture: [(App, Habit)] = App.allCases.flatMap { app in
        app.mayAskAgain
            ? [(app, .oneAtATime), (app, .twiceAtOnce)]
            : [(app, .oneAtATime), (app, .oneAtATime)]
    }
}

/// What should never have happened: a sentence for each time, told at the end of the test.
typealias Complaints = [String]
