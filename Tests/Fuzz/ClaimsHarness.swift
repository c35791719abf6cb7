import MartletProtocol

extension Harness {
    /// The `claims` and `scope` parameters of an authorization request.
    static let claims = Harness(name: "claims") { bytes in
        let text = bytes.text
        if let request = try? ClaimsRequest(parsing: text) {
            try require(request.idToken.count <= ClaimsRequest.maximumClaims, "there is a bound")
            try require(request.userInfo.count <= ClaimsRequest.maximumClaims, "there is a bound")
            let again = try accepted("what was kept is read again") {
                try ClaimsRequest(json: JSONValue(parsing: request.json.encoded()))
            }
            try require(again == request, "a claims request comes back the same")
        }
        if let scope = Scope(text) {
            try require(scope.tokens.count <= Scope.maximumCount, "there is a bound")
            try require(Scope(scope.description) == scope, "a scope comes back the same")
            try require(Set(scope.tokens).count == scope.tokens.count, "each token stands once")
            try require(
                scope.tokens.allSatisfy { token in
                    token.utf8.allSatisfy { 0x21..<0x7F ~= $0 && !#""\"#.utf8.contains($0) }
                },
                "tokens are of the RFC's characters"
            )
            try require(
                Set(text.split(separator: " ").map(String.init)) == Set(scope.tokens),
                "nothing is added and nothing lost"
            )
        }
    }
}
