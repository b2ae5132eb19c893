import { code, company, estate, type Row } from "../row.ts";

const accounts = "tests/estate/accounts.test.ts";
const watching = "tests/estate/watching-accounts.test.ts";
const alarms = "tests/estate/alarms.test.ts";
const roles = "tests/estate/least-privilege.test.ts";
const delivery = "tests/estate/backup-delivery.test.ts";
const people = "people and papers";

/** The common criteria, CC1 to CC9. */
export const commonRows: readonly Row[] = [
  company("CC1.1", "The company stands for integrity and ethical values.", people),
  company("CC1.2", "Its board is independent of management and oversees control.", people),
  company("CC1.3", "Structures, lines and authorities are set.", people),
  company("CC1.4", "Able people are found, developed and kept.", people),
  company("CC1.5", "People answer for their part of control.", people),
  code(
    "CC2.1",
    "Control works with information that is relevant and good.",
    [
      "script: ops",
      "script: estate:check",
      "file: docs/invariants.md",
      "test: tests/integration/proof.test.ts › one stored item that was tampered with is named › and nothing is found when it is as it was",
      "test: tests/integration/proofs.test.ts › a proof is made by itself, when the schedule says so",
    ],
    "that somebody reads it",
  ),
  company(
    "CC2.2",
    "Inside, people are told what control needs of them.",
    "telling them; decisions and runbooks are written",
    ["file: docs/runbooks/payments-in-review.md", "adr: 1"],
  ),
  company("CC2.3", "Outside, those concerned are told.", people),
  company("CC3.1", "Goals are clear enough to see their risks.", people),
  company(
    "CC3.2",
    "Risks are found and analysed.",
    "the analysis; what the system does about failures is said fault by fault",
    ["file: docs/invariants.md", "adr: 12"],
  ),
  company(
    "CC3.3",
    "Fraud is considered.",
    "the analysis; acts of operators are by version, with evidence, and stay",
    ["adr: 33"],
  ),
  company(
    "CC3.4",
    "Changes that matter to control are noticed.",
    "noticing; a change of the estate shows as a difference of its plan",
    ["file: stacks/estate.production.lock.json"],
  ),
  estate(
    "CC4.1",
    "Whether controls are there and work is evaluated, all the time or from time to time.",
    [
      "script: estate:check",
      "test: tests/estate/rules.test.ts › the policy rules › leave the production plan with nothing but known findings, each of which still occurs",
      `test: ${watching} › the security account › holds all accounts against FSBP and PCI DSS 4.0.1`,
      "rule: changes-recorded",
    ],
    "evaluations by people who are independent",
  ),
  estate(
    "CC4.2",
    "Deficiencies are told to who can mend them, in time.",
    [
      "rule: alarms-tell-someone",
      "file: stacks/detection.ts",
      `test: ${alarms} › alarms › $name says what it means, and names a runbook that is there`,
    ],
    "that they are mended, and management hears of it",
  ),
  company(
    "CC5.1",
    "Controls are chosen against risks.",
    "the choice; those of this page say what they are for",
    ["adr: 41"],
  ),
  estate("CC5.2", "Controls of technology are chosen and built.", [
    "script: estate:check",
    "test: tests/estate/mistakes.test.ts › a mistake in the estate › $mistake is found, with the file that it is in",
  ]),
  company("CC5.3", "Controls are put into policies and procedures.", people),
  estate(
    "CC6.1",
    "Logical access to information is restricted by software, infrastructure and architecture.",
    [
      `test: ${roles} › roles › $name reaches single resources, except where AWS has no finer grain`,
      `test: ${roles} › the card vault › is written by one function and read by two others`,
      "test: tests/contract/authorizer.test.ts › what is no token of ours is invalid › %s",
      "test: tests/estate/network.test.ts › security groups › let nobody in from outside the network",
      "rule: keys-rotate",
      "rule: bucket-encrypted",
      "rule: routes-authorized",
      "wiring: told-is-granted",
    ],
    "people sign in through IAM Identity Center, which the company sets up",
  ),
  code(
    "CC6.2",
    "Users are registered before they get credentials, and lose them when they go.",
    [
      "test: tests/integration/merchants.test.ts › a client of the new merchant › is told its secret, which no log has, and may do everything but operations",
      "rule: sign-up-closed",
    ],
    "the API makes clients and removes none; people are in Identity Center",
  ),
  estate(
    "CC6.3",
    "Access follows roles, least privilege and separation of duties.",
    [
      `test: ${roles} › roles › $name names every action in full`,
      `test: ${delivery} › production's pipeline › deploys as the account's deploy role, which its checks cannot assume`,
      "test: tests/integration/refused-input.test.ts › a caller › who is an operator cannot pay",
      "file: local/iam/report.ts",
    ],
    "roles of people, and their review",
  ),
  company(
    "CC6.4",
    "Physical access is restricted.",
    "offices; data centres are AWS's, whose report shows them",
  ),
  company(
    "CC6.5",
    "Devices are let go only when their data cannot be read.",
    "devices of the company; AWS's disks are in its report. What is stored is encrypted, and keys can be deleted",
    ["rule: key-kept"],
  ),
  estate(
    "CC6.6",
    "Threats from outside of the system's bounds are held off.",
    [
      "test: tests/estate/edge.test.ts › the firewall › slows one address down, sooner without credentials",
      "test: tests/estate/edge.test.ts › the way around the edge › ends at a secret that every function behind a route asks for, and the one before it",
      "rule: firewall-in-front",
      "rule: account-not-public",
      "rule: no-firewall-holes",
    ],
    "some of AWS's rules of the firewall count and do not block (ADR 39)",
  ),
  estate(
    "CC6.7",
    "Information that moves or is taken away is restricted and protected.",
    [
      "rule: edge-tls",
      "rule: origin-tls",
      "rule: bucket-tls",
      "rule: database-proxy-tls",
      "test: tests/contract/acquirer-network.test.ts › over TLS › sends not one byte of a request to a peer whose certificate is not trusted",
      "test: tests/estate/analytics.test.ts › reports › are seen by one group, and give no files away",
    ],
    "laptops and media",
  ),
  estate(
    "CC6.8",
    "Software that is unauthorized or malicious is prevented or found.",
    [
      "rule: images-immutable",
      "rule: images-scanned",
      "rule: threats-to-everything-watched",
      "rule: weaknesses-looked-for",
      "test: tests/estate/cluster.test.ts › images › come from registries of ours only, where a tag is one image for ever",
      "test: tests/estate/cluster.test.ts › the reconciler › runs as nobody, can write to one folder of its own, and keeps no door to Kubernetes",
    ],
    "laptops of those who build it",
  ),
  estate(
    "CC7.1",
    "Changes of settings that open weaknesses, and new weaknesses, are found.",
    ["rule: changes-recorded", "rule: recorders-run", "rule: held-against-standards", "script: estate:check"],
    "scans of software: see 11.3.1 of PCI DSS",
  ),
  estate(
    "CC7.2",
    "Components are watched for what is not normal, and it is analysed.",
    [
      `test: ${alarms} › what is watched › is every queue`,
      `test: ${alarms} › what is watched › is every function, by its errors and its time`,
      `test: ${watching} › the security account › enrols every member in GuardDuty with all protections, in each region`,
      `test: ${watching} › the security account › has one trail of all accounts and regions, validated, encrypted, in the log archive`,
      "rule: card-data-looked-for",
    ],
    "nothing reads the API's own logs for attacks",
  ),
  company(
    "CC7.3",
    "Events are judged: was it a failure of security?",
    "the judgement; runbooks say what each alarm means",
    [`test: ${alarms} › alarms › $name says what it means, and names a runbook that is there`],
  ),
  company(
    "CC7.4",
    "Incidents are answered by a plan.",
    "the plan; runbooks cover what fails, not who broke in",
    [
      "file: docs/runbooks/system-trouble.md",
      `test: ${accounts} › every account › has a way to delete what is kept, open to one permission set, and told to operators`,
    ],
  ),
  estate(
    "CC7.5",
    "After an incident all is restored, and it does not happen again.",
    [
      `test: ${delivery} › production's backups › are restored each week, to know that they can be`,
      "file: docs/from-nothing-to-production.md",
      "test: tests/integration/dead-letter-replays.test.ts › changes that $of go back to $caller, and are told once, however often they go back",
    ],
    "lessons, and a rehearsal with people",
  ),
  estate(
    "CC8.1",
    "Changes are authorized, designed, developed, tested, approved and put into use.",
    [
      `test: ${delivery} › production's pipeline › checks, asks a person, and only then deploys`,
      "test: tests/estate/render.test.ts › the lock of the estate › %s is what the estate renders to",
      "file: .ci/run",
      "adr: 43",
    ],
    "reviews at the company's repository; the pipeline's builds cannot reach the cluster yet",
  ),
  company(
    "CC9.1",
    "Risks of disruption are lessened.",
    "insurance and plans; zones, copies and replays are built",
    [
      "rule: aurora-in-two-zones",
      "rule: backups-locked",
      "test: tests/integration/kills.test.ts › no acquirer did anything twice, or for nobody, or did less than the books say",
    ],
  ),
  company(
    "CC9.2",
    "Risks of vendors and partners are managed.",
    "the management; what an acquirer may do to us is tested",
    [
      "test: tests/integration/card-payments.test.ts › a payment that is not approved › goes to review, and to no other acquirer, when the primary commits and then answers 500",
      "file: stacks/settings.ts",
    ],
  ),
];
