import { code, company, estate, none, open, type Row } from "../row.ts";
import { papers } from "./papers.ts";

const vault = "tests/contract/vault.test.ts";
const roles = "tests/estate/least-privilege.test.ts";
const nowhere =
  "test: tests/integration/card-payments.test.ts › no table and no log ever holds a card number or a code" as const;

/** Requirements 3 and 4: account data where it is stored, and on its way. */
export const accountDataRows: readonly Row[] = [
  ...papers(3, "stored account data"),
  open(
    "3.2.1",
    "Account data is kept no longer than there is a reason, and then deleted; that it was is checked every quarter.",
    "files, logs and backups have their time, but a card token has none: no policy, no expiry and no deletion. Retention and erasure come with issue 6",
    ["rule: bucket-forgets-in-time", `${nowhere}`],
  ),
  code("3.3.1", "What only authenticates (track, code, PIN) is not kept after the authorization.", [
    "test: core/cards/card.test.ts › the code is nowhere in a card",
    nowhere,
  ]),
  code(
    "3.3.1.1",
    "No track of a card is kept.",
    ["file: core/cards/card.ts", nowhere],
    "the API takes no track: it has no field for one",
  ),
  code("3.3.1.2", "No verification code is kept.", [
    "test: core/cards/card.test.ts › the code is nowhere in a card",
    nowhere,
  ]),
  code(
    "3.3.1.3",
    "No PIN is kept.",
    ["file: core/cards/card.ts"],
    "the API takes no PIN: it has no field for one",
  ),
  code(
    "3.3.2",
    "What only authenticates is encrypted as long as it waits for the authorization.",
    ["test: core/cards/card.test.ts › the code is nowhere in a card"],
    "nothing waits: the code is checked for its form and dropped, and no acquirer is sent it. Where one needs it, this row has to be written anew",
  ),
  none("3.3.3", "Issuers protect what they keep of it.", "the company issues no cards with this system"),
  code("3.4.1", "Card numbers are masked wherever they are shown.", [
    "test: tests/integration/card-payments.test.ts › a card token › shows the card's public part and nothing else",
    `test: ${roles} › the card vault › shows the payments API what may be shown of a card, and never the ciphertext`,
  ]),
  company(
    "3.4.2",
    "Over remote access nobody copies card numbers.",
    "workplaces; no screen of this system shows a card number",
  ),
  code("3.5.1", "Stored card numbers are unreadable.", [
    `test: ${vault} › what is stored › shows neither the number nor the name in any byte of any item`,
    `test: ${vault} › a vault that was tampered with gives no card › when any byte of it was changed`,
    "adr: 11",
  ]),
  code(
    "3.5.1.1",
    "Digests of card numbers are keyed, and their keys are managed like others.",
    [
      "test: core/cards/digests.test.ts › a number has one fingerprint at one merchant, and another at the next",
      `test: ${roles} › the card vault › makes fingerprints in one function only`,
    ],
    "the MAC key of the fingerprints cannot rotate (KMS), and nothing renews it by hand",
  ),
  code("3.5.1.2", "Encrypted disks alone do not count.", [
    `test: ${vault} › what is stored › is sealed anew each time`,
    "test: tests/estate/wiring.test.ts › tables › Vault is encrypted under a key that decrypts no card",
  ]),
  none(
    "3.5.1.3",
    "Where disks are encrypted for this, access is apart from the system's.",
    "no card number relies on an encrypted disk",
  ),
  estate(
    "3.6.1",
    "Keys of card data are safe: few may use them, and those that encrypt keys are as strong and kept apart.",
    [
      `test: ${roles} › the card vault › is sealed by one function and opened by another, both naming the merchant and the key epoch`,
      `test: ${roles} › the card vault › has a table key that opens the table through DynamoDB, and nothing by itself`,
    ],
  ),
  code(
    "3.6.1.1",
    "The cryptography is described: algorithms, keys, their use, their devices, and no key is for both tests and production.",
    ["adr: 11", "file: stacks/security.ts", "file: adapters/vault/vault-keyring.ts"],
    "one page that lists each key with its algorithm, strength and end of use; KMS's devices are in AWS's attestation",
  ),
  estate(
    "3.6.1.2",
    "Secret keys are in a device, or encrypted by one at least as strong.",
    ["rule: decrypts-named-keys", "file: stacks/security.ts", "adr: 11"],
    "a data key is in a function's memory for five minutes at most (ADR 11)",
  ),
  estate(
    "3.6.1.3",
    "As few people as possible reach keys in the clear.",
    [
      "adr: 11",
      `test: ${roles} › the card vault › is sealed by one function and opened by another, both naming the merchant and the key epoch`,
    ],
    "KMS shows keys to nobody; its attestation shows it",
  ),
  estate("3.6.1.4", "Keys are in as few places as possible.", [
    "file: stacks/security.ts",
    "rule: decrypts-named-keys",
  ]),
  estate(
    "3.7.1",
    "Strong keys are made.",
    ["file: stacks/security.ts"],
    "KMS makes them, and its attestation shows how",
  ),
  estate(
    "3.7.2",
    "Keys are handed on safely.",
    ["adr: 11", "rule: decrypts-named-keys"],
    "they never leave KMS but encrypted; a company that imports keys has more to show",
  ),
  estate("3.7.3", "Keys are stored safely.", ["rule: key-kept", "file: stacks/keys.ts"]),
  estate(
    "3.7.4",
    "Keys are changed at the end of their time.",
    ["test: tests/estate/wiring.test.ts › keys › rotate, where KMS can rotate them"],
    "how long that time is, and why, is for the company to write down; what was sealed stays under the older version; MAC keys do not rotate",
  ),
  estate(
    "3.7.5",
    "Keys that are old, weak or known are retired or replaced.",
    [
      "test: tests/estate/accounts.test.ts › the organization › keeps backups and keys where data is kept, from all but the break-glass role",
    ],
    "a procedure for a key that became known: the key epoch of each card (ADR 11) is made for it, and nothing re-seals cards yet",
  ),
  none(
    "3.7.6",
    "Whoever handles keys in the clear does so under split knowledge and dual control.",
    "nobody handles keys in the clear",
  ),
  estate("3.7.7", "Nobody exchanges a key for another.", [
    "rule: policies-not-public",
    "test: tests/estate/accounts.test.ts › the organization › keeps backups and keys where data is kept, from all but the break-glass role",
    `test: ${vault} › a vault that was tampered with gives no card › when another key sealed it`,
  ]),
  company("3.7.8", "Whoever is in charge of keys has said that he knows what that means.", "signatures"),
  none(
    "3.7.9",
    "Whoever shares keys with customers tells them how to handle them.",
    "no key is shared with merchants",
  ),
  ...papers(4, "data on its way"),
  estate(
    "4.2.1",
    "Card numbers cross open networks only under strong cryptography, to a certificate that is checked.",
    [
      "test: tests/estate/edge.test.ts › the edge › speaks TLS 1.2 at least, HTTP/2 and HTTP/3, and nothing in the clear",
      "test: tests/contract/acquirer-network.test.ts › over TLS › sends not one byte of a request to a peer whose certificate is not trusted",
    ],
    "whether a certificate was revoked is not asked: Node checks who signed it, for which name and until when",
  ),
  open(
    "4.2.1.1",
    "Keys and certificates for this are listed.",
    "the plan has our own certificates (ACM renews them); acquirers' are trusted by Node's list of authorities, and no list names them. No issue has it yet",
    [
      "test: tests/estate/edge.test.ts › names › have certificates where they are used, proven in the stage's own zone, from Amazon alone",
    ],
  ),
  none("4.2.1.2", "Wireless networks use strong cryptography.", "there is no wireless network in the estate"),
  company(
    "4.2.2",
    "Card numbers in mail and chats are encrypted.",
    "a ban for people; the system sends no card number to anybody but acquirers",
    [nowhere],
  ),
];
