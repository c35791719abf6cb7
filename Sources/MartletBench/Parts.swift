import Crypto
import Foundation
import MartletProtocol
import MartletResourceServer

/// Times the parts that a request is made of, each alone.
struct Parts {
    /// Where the files of the store's part lie: on the disk that the measured store is on.
    let folder: String
    /// Seconds for each part.
    let seconds: Double
    /// Rows of the large table, and how many of them are changed.
    let rows: Int
    let liveRows: Int

    private static let batches = [1, 16, 64, 256]
    /// Rows of the small table.
    private static let fewRows = 1000
    private static let synchronizations = 200
    /// So many tokens, and signatures without tokens, go round: verifying one and the same again and
    /// again is 8 % faster, because the processor learns its way through those numbers.
    private static let tokens = 2000

    func measure() throws -> PartFigures {
        let key = P256.Signing.PrivateKey()
        let digest = SHA256.hash(data: [UInt8](repeating: 7, count: 400))
        let signatures = try BareSignatures(count: Self.tokens)
        let tokens = try AccessTokens.make(count: Self.tokens)
        let few = try costs(rows: Self.fewRows, live: Self.fewRows)
        return PartFigures(
            signature: try each { _ = try key.signature(for: digest) },
            verification: try each(signatures.verifyNext),
            refreshCodes: try each(Codes().refresh),
            secretCode: try each(Codes().secret),
            row: few,
            rowOfMany: rows > Self.fewRows ? try costs(rows: rows, live: liveRows) : few,
            synchronization: try FileSynchronization(folder: folder)
                .median(of: Self.synchronizations),
            tokenVerification: try each(tokens.verifyNext),
            repeatedTokenVerification: try each(tokens.verifyFirst)
        )
    }

    /// Microseconds of processor time of one call.
    private func each(_ body: () throws -> Void) throws -> Double {
        var count = 0.0
        let start = ThreadTime.microseconds
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            for _ in 0..<16 { try body() }
            count += 16
        }
        return (ThreadTime.microseconds - start) / count
    }

    private func costs(rows: Int, live: Int) throws -> [PartFigures.RowCost] {
        let table = try SQLiteRows(folder: folder, rows: rows, live: live)
        defer { table.remove() }
        return try Self.batches.map { batch in
            .init(batch: batch, processorTime: try table.change(by: batch, seconds: seconds))
        }
    }
}

/// Processor time of the thread that asks: neither waiting for the disk nor what other programs do is
/// in it.
enum ThreadTime {
    static var microseconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1_000_000 + Double(time.tv_nsec) / 1000
    }
}

extension Duration {
    var inMicroseconds: Double {
        Double(components.seconds) * 1_000_000 + Double(components.attoseconds) / 1e12
    }
}

/// The keyed codes that one request needs, over texts of the lengths that they have.
private struct Codes {
    private let key = SymmetricKey(size: .bits256)
    private let tokenBody = [UInt8](repeating: 1, count: 30)
    private let clientSecret = [UInt8](repeating: 2, count: 43)
    private let familySecret = [UInt8](repeating: 3, count: 16)

    func refresh() {
        _ = HMAC<SHA256>.authenticationCode(for: tokenBody, using: key)
        _ = HMAC<SHA256>.authenticationCode(for: tokenBody, using: key)
        _ = SHA256.hash(data: familySecret)
        secret()
    }

    func secret() {
        _ = HMAC<SHA256>.authenticationCode(for: clientSecret, using: key)
    }
}

/// Signatures by one key over digests of their own: what verification costs with nothing around it.
private final class BareSignatures {
    private let key: P256.Signing.PublicKey
    private let signed: [(digest: SHA256Digest, signature: P256.Signing.ECDSASignature)]
    private var next = 0

    init(count: Int) throws {
        let key = P256.Signing.PrivateKey()
        self.key = key.publicKey
        signed = try (0..<count).map { number in
            let digest = SHA256.hash(data: Array("text number \(number)".utf8))
            return (digest, try key.signature(for: digest))
        }
    }

    func verifyNext() throws {
        next = (next + 1) % signed.count
        guard key.isValidSignature(signed[next].signature, for: signed[next].digest) else {
            throw BenchError("a good signature does not verify")
        }
    }
}

/// Access tokens as this server makes them, and verifiers for them.
private final class AccessTokens {
    private let tokens: [String]
    private let forgetful: AccessTokenVerifier
    /// As an API has it that changes nothing.
    private let standard: AccessTokenVerifier
    private var next = 0

    static func make(count: Int) throws -> AccessTokens {
        let key = try SigningKey.generate(for: .es256)
        let signer = JSONWebSignature.Signer(key: key, type: AccessTokenClaims.type)
        let now = Int64(Date().timeIntervalSince1970)
        let tokens = try (0..<count).map { number in
            var claims = AccessTokenClaims(
                issuer: SeededFolder.issuer,
                subject: "u3Yp0lL3T1uS4v5w6x7y8A",
                audience: [Seed.api],
                clientID: "mcl_AAECAwQFBgcICQoLDA0ODw",
                issuedAt: now,
                expiresAt: now + 3600,
                tokenID: "token-number-\(number)",
                scope: Seed.apiScope
            )
            claims.authenticationTime = now
            claims.sessionID = "0000000000001"
            return try signer.sign(claims.encoded())
        }
        return AccessTokens(tokens, key: key.publicKey)
    }

    private init(_ tokens: [String], key: JSONWebKey) {
        self.tokens = tokens
        let keys = JSONWebKeySet([key])
        forgetful = AccessTokenVerifier(
            issuer: SeededFolder.issuer,
            audience: Seed.api,
            keys: keys,
            // Fewer than there are: whoever goes round meets none that is remembered.
            rememberedTokens: tokens.count / 4
        )
        standard = AccessTokenVerifier(
            issuer: SeededFolder.issuer,
            audience: Seed.api,
            keys: keys
        )
    }

    /// A token that was not verified lately.
    func verifyNext() throws {
        next = (next + 1) % tokens.count
        _ = try forgetful.verifyWithKeysAtHand(tokens[next])
    }

    func verifyFirst() throws {
        _ = try standard.verifyWithKeysAtHand(tokens[0])
    }
}
