/// The one user whom every server of these tests knows.
enum Person {
    static let username = "ada"
    static let password = "correct horse battery staple"
    static let email = "ada@example.com"
    static let name = "Ada Lovelace"

    /// What `martlet.yaml` says of her.
    static let configuration = """
        users:
          - username: \(username)
            password: \(password)
            email: \(email)
            profile: {name: \(name), email_verified: true}
        """
}
