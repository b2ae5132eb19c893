import { code, company, estate, none, open, type Row } from "../row.ts";
import { papers } from "./papers.ts";

const roles = "tests/estate/least-privilege.test.ts";
const accounts = "tests/estate/accounts.test.ts";
const watching = "tests/estate/watching-accounts.test.ts";
const people =
  "IAM Identity Center is the company's: docs/from-nothing-to-production.md says which permission sets it needs";
const machines = "who signs in to the API is a server: people of merchants have no accounts here";
const premises =
  "the estate has no premises: data centres are AWS's, whose attestation shows them; offices are the company's";
const terminals = "no card is read by a device of ours";

/** What requirement 9 asks of places, by its number. */
const places: Readonly<Record<string, string>> = {
  "9.2.1": "Who comes in is controlled.",
  "9.2.1.1": "Who was in sensitive areas is recorded, and kept for three months.",
  "9.2.2": "Sockets of the network in public places are closed.",
  "9.2.3": "Network devices and lines are out of reach.",
  "9.2.4": "Consoles in sensitive areas are locked.",
  "9.3.1": "Who of the staff may come in is decided, and known.",
  "9.3.1.1": "Sensitive areas are for those who need them.",
  "9.3.2": "Visitors are allowed, accompanied and marked.",
  "9.3.3": "Their badges come back.",
  "9.3.4": "Their visits are written down.",
};

/** And of media. */
const media: Readonly<Record<string, string>> = {
  "9.4.1": "Media with card data are locked away.",
  "9.4.1.1": "So are backups on media.",
  "9.4.1.2": "Where they are is inspected every year.",
  "9.4.2": "Media are marked by what they hold.",
  "9.4.3": "Media that are sent are safe, and followed.",
  "9.4.4": "Management approves what is sent.",
  "9.4.5": "Media are listed.",
  "9.4.5.1": "The list is checked every year.",
  "9.4.6": "Paper is destroyed when it is not needed.",
};

/** And of devices that read cards. */
const devices: Readonly<Record<string, string>> = {
  "9.5.1": "Devices that read cards are protected from being changed or exchanged.",
  "9.5.1.1": "They are listed.",
  "9.5.1.2": "They are inspected.",
  "9.5.1.2.1": "How often follows from a risk analysis.",
  "9.5.1.3": "Who works with them is trained.",
};

/** Requirements 7 to 9: who may, who it is, and what can be touched. */
export const accessRows: readonly Row[] = [
  ...papers(7, "access"),
  estate(
    "7.2.1",
    "A model says who gets which access, by need and with as little as possible.",
    [
      "adr: 4",
      "file: stacks/functions.ts",
      `test: ${roles} › roles › $name reaches single resources, except where AWS has no finer grain`,
    ],
    `for functions it is all there; for people not: ${people}`,
  ),
  company("7.2.2", "People get what their work needs, and no more.", people, [
    "rule: no-administrators",
    "file: docs/from-nothing-to-production.md",
  ]),
  company(
    "7.2.3",
    "Somebody who may approves each privilege.",
    "approvals; a change of a role is a change of code",
    ["file: stacks/functions.ts"],
  ),
  company(
    "7.2.4",
    "Accounts of people and their rights are reviewed every six months.",
    "the review; IAM Access Analyzer finds what is open to outside",
    ["rule: outside-access-found"],
  ),
  estate("7.2.5", "Accounts of systems have as little as they need.", [
    `test: ${roles} › roles › $name names every action in full`,
    `test: ${roles} › roles › belong to one function or saga each, and the others are known by name`,
    "test: tests/integration/missing-permission.test.ts › a task that may not write the ledger is denied by name, and its payment goes to review",
    "wiring: granted-is-told",
    "file: local/iam/report.ts",
  ]),
  code(
    "7.2.5.1",
    "These are reviewed, as often as a risk analysis says.",
    ["file: local/iam/report.ts", "script: estate:check"],
    "the analysis, and that somebody reads it: each change is checked, and the report lists grants that no test uses",
  ),
  estate(
    "7.2.6",
    "People query stored card data only through programs, and by their role.",
    [
      `test: ${watching} › the security account › writes down who else than production's own roles reads or writes cards and books`,
      `test: ${roles} › the card vault › has a table key that opens the table through DynamoDB, and nothing by itself`,
    ],
    "nothing forbids an administrator of the account to read the vault's table; what he reads is sealed, and the trail has it",
  ),
  estate("7.3.1", "A system restricts access by need to know, on every component.", [
    "wiring: told-is-granted",
    "test: tests/estate/wiring.test.ts › the HTTP API › knows the seven scopes, and merchants may have all that are not for operations",
  ]),
  estate("7.3.2", "It enforces what each person, application and system may.", [
    "test: tests/integration/refused-input.test.ts › a caller › whose token lacks the scope is refused with 403, which names it",
    "test: tests/integration/merchants.test.ts › a client of the new merchant › is refused with 403 where operators onboard",
    `test: tests/estate/deploy-role.test.ts › the role that deploys › makes roles of its stage only, and none without the ceiling`,
  ]),
  estate("7.3.3", "It denies what is not allowed.", [
    "test: tests/integration/refused-input.test.ts › a caller › without a token is refused with 401 and a challenge",
    "test: tests/contract/s3-access.test.ts › and nothing else › %s is denied %s on …%s",
  ]),
  ...papers(8, "identities"),
  estate(
    "8.2.1",
    "Everybody has an id of his own.",
    [
      "test: tests/contract/cognito.test.ts › two clients may have one name, and are two",
      "rule: cache-users",
    ],
    people,
  ),
  estate(
    "8.2.2",
    "Shared accounts are an exception, for a time, approved, and who used them is known.",
    [
      `test: ${accounts} › every account › has a way to delete what is kept, open to one permission set, and told to operators`,
      "rule: root-has-no-keys",
    ],
    "one client of a merchant may be on many of its servers; an operator's client too: its word in a timeline says the client, not the person",
  ),
  none(
    "8.2.3",
    "Access to customers' premises has factors for each customer.",
    "nobody of ours signs in at merchants'",
  ),
  code(
    "8.2.4",
    "Ids are made, changed and removed by who may, and that is written down.",
    [
      "test: tests/integration/merchants.test.ts › a client of the new merchant › is refused with 403 where operators onboard",
      "rule: sign-up-closed",
    ],
    "the API makes clients and removes none: that is Cognito's console, with the trail; no issue has it yet",
  ),
  company("8.2.5", "Who leaves loses access at once.", people),
  company(
    "8.2.6",
    "Accounts that nobody used for 90 days are removed.",
    `${people}; nothing looks for clients that are not used`,
  ),
  estate(
    "8.2.7",
    "Others have access only when they need it, and are watched.",
    [
      "test: tests/contract/inbound-files.test.ts › its key is good for nothing else › %s",
      "rule: other-accounts-name-us",
    ],
    "acquirers that leave files have access all the time, to their own folder",
  ),
  company("8.2.8", "A session that was idle for 15 minutes asks again.", people),
  estate(
    "8.3.1",
    "Everybody proves who he is, by something he knows, has or is.",
    [
      "test: tests/contract/authorizer.test.ts › what is no token of ours is invalid › %s",
      "rule: routes-authorized",
    ],
    `machines: an id and a secret. ${people}`,
  ),
  estate(
    "8.3.2",
    "What proves it is unreadable on its way and where it is stored.",
    [
      "test: tests/integration/merchants.test.ts › a client of the new merchant › is told its secret, which no log has, and may do everything but operations",
      "test: tests/estate/edge.test.ts › the way around the edge › is closed by secrets that are drawn once, and stored encrypted",
      "test: tests/estate/edge.test.ts › what is written down at the edge › holds no path, no query and no header that proves who sends",
    ],
    "acquirers' keys are variables of functions: see 8.6.2",
  ),
  company("8.3.3", "Who somebody is, is checked before his factor is changed.", people),
  open(
    "8.3.4",
    "After ten wrong attempts an account is locked for half an hour.",
    `${machines}, and Cognito's token endpoint throttles but locks no client; for people, Identity Center. No issue has it yet`,
  ),
  company("8.3.5", "First passwords are each another, and changed at once.", people),
  estate(
    "8.3.6",
    "Passwords have twelve characters, letters and digits.",
    ["rule: passwords-strong"],
    `for users of IAM, of whom there are none; ${people}`,
  ),
  estate(
    "8.3.7",
    "None of the last four passwords.",
    ["rule: passwords-strong"],
    `for users of IAM, of whom there are none; ${people}`,
  ),
  company("8.3.8", "People are told how to choose and keep them.", "the text"),
  estate(
    "8.3.9",
    "Where a password is the only factor it is changed every 90 days, or access is judged all the time.",
    ["rule: passwords-strong"],
    `for users of IAM, of whom there are none; ${people}`,
  ),
  none("8.3.10", "Service providers tell customers when to change passwords.", machines),
  none("8.3.10.1", "Customers' passwords are changed every 90 days.", machines),
  company("8.3.11", "Tokens, cards and certificates belong to one person.", people),
  company("8.4.1", "Administrators need a second factor.", people, [
    "file: docs/from-nothing-to-production.md",
  ]),
  company("8.4.2", "Everybody who reaches card data needs a second factor.", people, [
    "file: docs/from-nothing-to-production.md",
  ]),
  company("8.4.3", "So does everybody who comes from outside.", people, [
    "file: docs/from-nothing-to-production.md",
  ]),
  company("8.5.1", "The second factor cannot be replayed or passed by.", people),
  estate(
    "8.6.1",
    "Accounts of systems that people could sign in with are managed: only where needed, for a time, approved, and known who.",
    [
      "rule: no-open-trust",
      `test: ${accounts} › every account › has a way to delete what is kept, open to one permission set, and told to operators`,
      "test: tests/estate/cluster.test.ts › the cluster › lets in its nodes and whoever deploys, by access entries, and nobody for having made it",
    ],
    "approvals, and for how long somebody has the permission set Deploy",
  ),
  estate(
    "8.6.2",
    "No password of such an account is in code or settings.",
    [
      "rule: build-without-secrets",
      "rule: owner-password-kept",
      "test: tests/estate/render.test.ts › an estate with acquirers of its own › gives each function the secrets that it needs, and no other",
    ],
    "acquirers' keys and the edge's secret are variables of functions, encrypted, and who may read a function's configuration reads them",
  ),
  estate(
    "8.6.3",
    "Passwords of systems are changed as a risk analysis says, and long.",
    [
      "rule: secrets-rotate",
      "rule: secrets-rotate-in-time",
      "rule: passwords-not-set-back",
      "adr: 39",
      "adr: 50",
    ],
    "the analysis; acquirers' keys change when somebody sets them; nothing reminds of the edge's, which the manual wants every 90 days",
  ),
  ...papers(9, "physical access"),
  ...Object.entries(places).map(([no, asks]) => company(no, asks, premises)),
  ...Object.entries(media).map(([no, asks]) =>
    company(no, asks, "paper and media of the company; the estate writes to AWS's storage only"),
  ),
  company(
    "9.4.7",
    "Electronic media are destroyed when they are not needed.",
    "AWS destroys its disks: its attestation shows it",
  ),
  ...Object.entries(devices).map(([no, asks]) => none(no, asks, terminals)),
];
