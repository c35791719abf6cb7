/// How long files and functions are. Nobody fails for it: a long one is asked whether two things
/// live in it.
enum Sizes {
    static let longFile = 400
    static let longFunction = 70

    struct Function: Equatable {
        let path: String
        let line: Int
        let name: String
        let length: Int
    }

    static func functions(in file: SourceFile) -> [Function] {
        let code = SwiftText(file.text).code
        var (functions, line, at) = ([Function](), 1, 0)
        while at < code.count {
            if let name = name(ofFunctionAt: at, in: code),
                let length = length(ofBodyAfter: at + name.count, in: code)
            {
                functions.append(.init(path: file.path, line: line, name: name, length: length))
            }
            if code[at] == UInt8(ascii: "\n") { line += 1 }
            at += 1
        }
        return functions
    }

    /// `func name`, or `init`, when one is declared at this place. `self.init(` is a call.
    private static func name(ofFunctionAt at: Int, in code: [UInt8]) -> String? {
        guard at == 0 || !(TextSearch.isWord(code[at - 1]) || code[at - 1] == UInt8(ascii: "."))
        else { return nil }
        if code[at...].starts(with: "func ".utf8) {
            let name = code[(at + 5)...].prefix {
                $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "\n")
            }
            return "func " + String(decoding: name, as: UTF8.self)
        }
        let isInitializer = ["init(", "init?(", "init<"].contains {
            code[at...].starts(with: $0.utf8)
        }
        return isInitializer ? "init" : nil
    }

    /// From the line of the declaration to that of the closing brace; nil for a requirement of a
    /// protocol, which has no body.
    private static func length(ofBodyAfter start: Int, in code: [UInt8]) -> Int? {
        var (at, parentheses, braces, lines) = (start, 0, 0, 1)
        while at < code.count {
            switch code[at] {
            case UInt8(ascii: "("): parentheses += 1
            case UInt8(ascii: ")"): parentheses -= 1
            case UInt8(ascii: "\n"): lines += 1
            case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
            case UInt8(ascii: "}") where braces > 0:
                braces -= 1
                if braces == 0 { return lines }
            case UInt8(ascii: "}") where parentheses == 0: return nil
            default: break
            }
            if braces == 0, parentheses == 0, at > start, startsDeclaration(at, in: code) {
                return nil
            }
            at += 1
        }
        return nil
    }

    private static func startsDeclaration(_ at: Int, in code: [UInt8]) -> Bool {
        guard !TextSearch.isWord(code[at - 1]), code[at - 1] != UInt8(ascii: ".") else {
            return false
        }
        return ["func ", "var ", "let ", "init(", "static ", "associatedtype ", "subscript("]
            .contains { code[at...].starts(with: $0.utf8) }
    }
}
