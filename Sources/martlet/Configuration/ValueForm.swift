import MartletProtocol

/// How a value of one kind is written, and how it is read: the parser and the reference page both
/// take it from here.
struct ValueForm<Value: Sendable>: Sendable {
    /// What is accepted, to follow "must be": `a whole number of seconds from 1 to 600`.
    let expected: String
    /// How an environment variable gives it.
    let inEnvironment: EnvironmentForm
    /// Turns what was written into the value.
    let read: @Sendable (ConfigurationValue) throws(Unfit) -> Value

    init(
        expected: String,
        inEnvironment: EnvironmentForm = .asIs,
        read: @escaping @Sendable (ConfigurationValue) throws(Unfit) -> Value
    ) {
        self.expected = expected
        self.inEnvironment = inEnvironment
        self.read = read
    }

    /// A form that is made from text, in quotation marks or bare.
    static func text(
        expected: String,
        read: @escaping @Sendable (String, ConfigurationPlace) throws(Unfit) -> Value
    ) -> ValueForm {
        ValueForm(expected: expected) { value throws(Unfit) in
            guard let text = value.writtenText else { throw .unexpected(value) }
            return try read(text, value.place)
        }
    }
}

/// How an environment variable gives a value.
enum EnvironmentForm: Sendable {
    /// As it would stand in the file.
    case asIs
    /// As JSON, because it is a list.
    case json
}

/// Why a value does not fit.
enum Unfit: Error {
    /// It is not of the form: the sentence says what is expected and what stands there.
    case unexpected(ConfigurationValue)
    /// It is, but still cannot be: the sentence goes on after the key with these words. The place
    /// is that of an element, if it is one's fault.
    case because(String, at: ConfigurationPlace? = nil)
}

extension ValueForm {
    /// One of some words.
    static func choice(_ words: [String]) -> ValueForm where Value == String {
        .choice(words.map { ($0, $0) })
    }

    /// One of some words, each standing for a value.
    static func choice(_ choices: [(word: String, value: Value)]) -> ValueForm {
        let words = choices.map(\.word)
        let expected =
            words.count == 1
            ? words[0]
            : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
        return ValueForm(expected: expected) { value throws(Unfit) in
            guard let text = value.writtenText,
                let choice = choices.first(where: { $0.word == text })
            else { throw .unexpected(value) }
            return choice.value
        }
    }

    /// A list of values of one form.
    static func list<Element>(
        of form: ValueForm<Element>,
        atMost limit: Int
    ) -> ValueForm where Value == [Element] {
        let expected = "a list, each element of which is \(form.expected); at most \(limit)"
        return ValueForm(expected: expected, inEnvironment: .json) { value throws(Unfit) in
            guard let elements = value.elements else { throw .unexpected(value) }
            guard elements.count <= limit else {
                throw .because("may list \(limit) at most, not \(elements.count).")
            }
            var values: [Element] = []
            for element in elements { values.append(try Self.read(element, as: form)) }
            return values
        }
    }

    private static func read<Element>(
        _ element: ConfigurationValue,
        as form: ValueForm<Element>
    ) throws(Unfit) -> Element {
        do throws(Unfit) {
            return try form.read(element)
        } catch {
            switch error {
            case .unexpected(let value):
                throw .because(
                    "must hold elements each of which is \(form.expected), not \(value.shown).",
                    at: value.place
                )
            case .because(let reason, let place):
                throw .because(reason, at: place ?? element.place)
            }
        }
    }
}

extension ValueForm where Value == Int64 {
    /// A whole number with bounds; `unit` follows it ("seconds").
    static func wholeNumber(_ bounds: ClosedRange<Int64>, of unit: String? = nil) -> ValueForm {
        let name = unit.map { "a whole number of \($0)" } ?? "a whole number"
        let expected = "\(name) from \(bounds.lowerBound) to \(bounds.upperBound)"
        return ValueForm(expected: expected) { value throws(Unfit) in
            guard let number = value.wholeNumber, bounds.contains(number) else {
                throw .unexpected(value)
            }
            return number
        }
    }
}

extension ValueForm where Value == Duration {
    /// A whole number of seconds with bounds.
    static func seconds(_ bounds: ClosedRange<Int64>) -> ValueForm {
        let number = ValueForm<Int64>.wholeNumber(bounds, of: "seconds")
        return ValueForm(expected: number.expected) { value throws(Unfit) in
            .seconds(try number.read(value))
        }
    }
}

extension ValueForm where Value == Int {
    /// A whole number with bounds.
    static func count(_ bounds: ClosedRange<Int64>) -> ValueForm {
        let number = ValueForm<Int64>.wholeNumber(bounds)
        return ValueForm(expected: number.expected) { value throws(Unfit) in
            Int(try number.read(value))
        }
    }
}

extension ConfigurationValue {
    /// The text that was written, bare or in quotation marks; nil for nothing, lists and mappings.
    var writtenText: String? {
        switch content {
        case .word(let text): isNothing ? nil : text
        case .text(let text): text
        case .list, .mapping: nil
        }
    }

    /// The number that a bare word is; a number in quotation marks is text.
    var wholeNumber: Int64? {
        if case .word = content { json.integer } else { nil }
    }

    /// The elements of a list; a key with nothing after it is an empty one, as it is when all its
    /// elements are commented out.
    var elements: [ConfigurationValue]? {
        switch content {
        case .list(let elements): elements
        case .word: isNothing ? [] : nil
        case .text, .mapping: nil
        }
    }
}
