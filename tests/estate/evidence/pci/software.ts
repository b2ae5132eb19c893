import { code, company, estate, none, open, type Row } from "../row.ts";
import { papers } from "./papers.ts";

const refused = "tests/integration/refused-input.test.ts";
const delivery = "tests/estate/backup-delivery.test.ts";

/** Requirements 5 and 6: malicious software, and software that is made and kept secure. */
export const softwareRows: readonly Row[] = [
  ...papers(5, "malicious software"),
  open(
    "5.2.1",
    "What malicious software can attack has something that stops it.",
    "GuardDuty looks at the nodes' disks, and nothing looks at files of acquirers before they are read. Comes with what reads them, issue 7, or not at all",
    [
      "rule: threats-to-everything-watched",
      "test: tests/estate/watching-accounts.test.ts › the security account › enrols every member in GuardDuty with all protections, in each region",
    ],
  ),
  open(
    "5.2.2",
    "It knows all kinds, and removes, blocks or contains them.",
    "GuardDuty tells and does not remove; a finding is for people. No issue has it yet",
    [
      "test: tests/estate/cluster.test.ts › the reconciler › runs as nobody, can write to one folder of its own, and keeps no door to Kubernetes",
    ],
  ),
  company(
    "5.2.3",
    "What is said not to be at risk is looked at again from time to time.",
    "the review of functions, which nobody installs anything on",
  ),
  company("5.2.3.1", "How often follows from a risk analysis.", "the analysis"),
  estate(
    "5.3.1",
    "It updates itself.",
    ["rule: threats-watched"],
    "GuardDuty is AWS's to keep current: its attestation shows it",
  ),
  estate(
    "5.3.2",
    "It scans from time to time and as things happen, or watches behaviour all the time.",
    ["rule: threats-to-everything-watched"],
    "disks are scanned after a finding; files of acquirers not at all",
  ),
  company("5.3.2.1", "How often scans are made follows from a risk analysis.", "the analysis"),
  none("5.3.3", "Removable media are scanned.", "nothing of the estate takes any"),
  estate(
    "5.3.4",
    "Its own logs are kept as long as others.",
    [
      "rule: logs-kept-a-year",
      "test: tests/estate/watching-accounts.test.ts › the security account › has one trail of all accounts and regions, validated, encrypted, in the log archive",
    ],
    "findings stay in GuardDuty for 90 days and nothing exports them; the trail has who changed GuardDuty",
  ),
  estate("5.3.5", "Users cannot switch it off.", [
    "test: tests/estate/accounts.test.ts › the organization › refuses %s everywhere",
    "rule: guards-attached",
  ]),
  company("5.4.1", "Something protects people from phishing.", "mail and people"),
  ...papers(6, "secure software"),
  code(
    "6.2.1",
    "Software of one's own is made securely, by what the industry advises, with security in mind throughout.",
    [
      "script: check",
      "test: tests/contract/dependency-rule.test.ts › holds in the house, whose modules and imports the cruiser sees",
      "file: docs/decisions/0001-record-decisions.md",
    ],
    "a written process of development",
  ),
  company("6.2.2", "Who develops is trained every year.", "trainings"),
  code(
    "6.2.3",
    "Code is reviewed for weaknesses before it is released, and they are mended.",
    ["script: check", "file: .ci/run"],
    "reviews by people are at the company's repository; no analyser of security runs beside types, lint and tests",
  ),
  company(
    "6.2.3.1",
    "Reviews are by someone else than the author who knows how, and approved by management.",
    "protected branches at the repository",
  ),
  code(
    "6.2.4",
    "Common attacks on software are prevented: injection, on data and on cryptography, on logic, on access, and those that are ranked high.",
    [
      `test: ${refused} › a request › that is a gzip bomb is refused with 415 without being unpacked`,
      "test: functions/api/http/strict-json.test.ts › any text at all is read as JSON.parse reads it, or refused for what only this reader minds",
      "test: tests/integration/card-payments.test.ts › tenants › do not see each other's payments",
      "test: tests/integration/card-payments.test.ts › an Idempotency-Key › sent 32 times at once makes one payment: each answer is that payment or a 409",
      "test: tests/simulation/mutations.test.ts › a history notices what is missing, and nothing when it is there › without $without",
      "file: docs/penetration-test.md",
    ],
    "a limit per merchant: whose credentials leak can use up what all have together",
  ),
  estate(
    "6.3.1",
    "New weaknesses are heard of, ranked by risk, in one's own software and in others'.",
    [
      "rule: images-scanned",
      "rule: weaknesses-looked-for",
      "test: tests/estate/watching-accounts.test.ts › the security account › has Inspector look at all that runs in each account, in each region",
    ],
    "Inspector ranks by its own score: what is critical to this company is for the company to say",
  ),
  code(
    "6.3.2",
    "All software of one's own, and what it contains of others, is listed.",
    [
      "file: package-lock.json",
      "test: tests/estate/cluster.test.ts › images › come from registries of ours only, where a tag is one image for ever",
    ],
    "what KEDA's images contain; no list in a format of exchange (SBOM) is made",
  ),
  company(
    "6.3.3",
    "Patches come in time, critical ones within a month.",
    "updates of packages, of KEDA and of Kubernetes; AWS patches functions' runtimes and nodes",
    [
      "rule: functions-supported",
      "test: tests/estate/cluster.test.ts › the cluster › is run by AWS: all three parts of Auto Mode, which go only together",
    ],
  ),
  none(
    "6.4.1",
    "Web applications are tested for new attacks or have a firewall.",
    "6.4.2 has taken its place since 31 March 2025",
  ),
  estate(
    "6.4.2",
    "Something in front of web applications finds and stops attacks, is current, logs, and blocks or alerts.",
    [
      "test: tests/estate/edge.test.ts › the firewall › is CloudFront's",
      "test: tests/estate/edge.test.ts › the firewall › slows one address down, sooner without credentials",
      "test: tests/estate/edge.test.ts › the firewall › blocks a body over 32 KB with the very answer of the laptop's edge, and sees the whole of a smaller one",
    ],
    "some of AWS's rules count and do not block (ADR 39); Cognito's token endpoint is not behind it",
  ),
  none(
    "6.4.3",
    "Scripts of payment pages are allowed one by one, checked and listed.",
    "the system serves no page that takes cards; a merchant's page is the merchant's",
  ),
  estate(
    "6.5.1",
    "Changes of production follow a procedure: why, what it does to security, who approved, tests, a way back.",
    [
      `test: ${delivery} › production's pipeline › checks, asks a person, and only then deploys`,
      "rule: images-immutable",
      "file: docs/from-nothing-to-production.md",
    ],
    "the reason and its review are at the company's repository",
  ),
  code(
    "6.5.2",
    "After a significant change all requirements still hold, and papers are current.",
    ["script: estate:check", "script: estate:evidence"],
    "what is the company's of each requirement",
  ),
  estate("6.5.3", "Production is separated from what comes before it, by access.", [
    "test: tests/estate/accounts.test.ts › the organization › has an account for each that stacks/company.ts names, and never closes one",
    "adr: 42",
  ]),
  estate(
    "6.5.4",
    "Duties are separated, so that only what was reviewed and approved is deployed.",
    [
      `test: ${delivery} › production's pipeline › deploys as the account's deploy role, which its checks cannot assume`,
      "test: tests/estate/deploy-role.test.ts › the role that deploys › makes roles of its stage only, and none without the ceiling",
    ],
    "who may approve is set in IAM Identity Center; people of the permission set Deploy may deploy past the pipeline",
  ),
  company(
    "6.5.5",
    "No live card numbers before production.",
    "that nobody enters one; what the laptop runs has sandbox acquirers and published test numbers",
    ["file: docs/sandbox-cards.md"],
  ),
  code(
    "6.5.6",
    "Test data and test accounts do not reach production.",
    [
      "test: tests/estate/render.test.ts › an estate with acquirers of its own › is not deployed without their secrets",
      "file: stacks/settings.ts",
    ],
    "demo merchants exist on the laptop only; merchants that a company makes to try are its own to remove",
  ),
];
