/// Names that say nothing, or that say something only in comparison with what used to be there.
enum NamingRules {
    static let emptyWords: Set<String> = [
        "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common", "Manager",
    ]
    static let comparisons: Set<String> = ["New", "Old"]

    static func findings(in file: SourceFile) -> [Finding] {
        fileNameFindings(in: file) + typeNameFindings(in: file)
    }

    private static func fileNameFindings(in file: SourceFile) -> [Finding] {
        let words = words(of: file.name.prefix { $0 != "." })
        var found = words.filter(emptyWords.contains)
        if let first = words.first, comparisons.contains(first) { found.append(first) }
        return found.map { word in
            let advice = "the file's name says '\(word)': name it after the one thing in it"
            return Finding(path: file.path, line: 1, advice: advice)
        }
    }

    private static func typeNameFindings(in file: SourceFile) -> [Finding] {
        typeNames(in: file).flatMap { line, name in
            words(of: name[...]).filter(emptyWords.contains).map { word in
                let advice = "the type \(name) says '\(word)': name it after what it is"
                return Finding(path: file.path, line: line, advice: advice)
            }
        }
    }

    private static let typeKeywords: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "typealias", "associatedtype",
    ]

    static func typeNames(in file: SourceFile) -> [(line: Int, name: String)] {
        SwiftText(file.text).codeLines.enumerated().flatMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            return zip(words, words.dropFirst())
                .filter { typeKeywords.contains($0) && $1.first?.isUppercase == true }
                .map { (index + 1, String($1)) }
        }
    }

    /// `JWTHeaderField2` is JWT, Header, Field2.
    static func words(of name: Substring) -> [String] {
        let letters = Array(name)
        var words: [String] = []
        for (index, letter) in letters.enumerated() {
            let startsWord =
                letter.isUppercase
                && (index == 0 || !letters[index - 1].isUppercase
                    || (index + 1 < letters.count && letters[index + 1].isLowercase))
            if words.isEmpty || startsWord || !(letter.isLetter || letter.isNumber) {
                words.append("")
            }
            if letter.isLetter || letter.isNumber { words[words.count - 1].append(letter) }
        }
        return words.filter { !$0.isEmpty }
    }
}
