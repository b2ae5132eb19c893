import { code, company, estate, none, open, type Row } from "../row.ts";
import { papers } from "./papers.ts";

const accounts = "tests/estate/accounts.test.ts";
const watching = "tests/estate/watching-accounts.test.ts";
const alarms = "tests/estate/alarms.test.ts";
const trail =
  `test: ${watching} › the security account › has one trail of all accounts and regions, validated, encrypted, in the log archive` as const;
const readers =
  `test: ${watching} › the security account › writes down who else than production's own roles reads or writes cards and books` as const;
const wireless = "there is no wireless network in the estate; offices are the company's";
const scanned =
  `test: ${watching} › the security account › has Inspector look at all that runs in each account, in each region` as const;

/** Requirements 10 and 11: what is written down, and what is tested. */
export const monitoringRows: readonly Row[] = [
  ...papers(10, "logs"),
  estate(
    "10.2.1",
    "Logs are on for every component and for card data.",
    [trail, "test: tests/estate/wiring.test.ts › logs › are kept for 365 days", "rule: functions-log"],
    "the cache writes no log; what production's own roles read and write in tables is in no trail",
  ),
  estate(
    "10.2.1.1",
    "Each person's access to card data is logged.",
    [readers],
    "accesses through the API are a client's, not a person's; production's own roles are left out of the trail, and what they do with a card is in their functions' code",
  ),
  estate(
    "10.2.1.2",
    "Everything that administrators do is logged.",
    [
      trail,
      "rule: cluster-logs",
      "rule: database-logs",
      "test: tests/integration/timeline.test.ts › a payment's timeline tells its silence, its recovery, its entries and its refund, in the order of time",
    ],
    "of the books and the database: who came and what changed their shape, and no query",
  ),
  estate(
    "10.2.1.3",
    "Each access to logs is logged.",
    [trail, "file: stacks/trail.ts"],
    "reading of the log archive's own bucket is a data event that no selector of the trail has",
  ),
  estate(
    "10.2.1.4",
    "Attempts that are refused are logged.",
    [trail, "rule: api-logs", "rule: firewall-logs"],
    "whether the trail has what the token endpoint refuses was not looked up",
  ),
  estate("10.2.1.5", "Changes of identities, factors and rights are logged.", [trail]),
  estate("10.2.1.6", "Starting, stopping and pausing of logs is logged.", [
    trail,
    `test: ${accounts} › the organization › refuses %s everywhere`,
  ]),
  estate("10.2.1.7", "Making and deleting of objects of the system is logged.", [
    trail,
    "rule: changes-recorded",
  ]),
  estate(
    "10.2.2",
    "A log says who, what, when, how it ended, from where, and on what.",
    [trail, "file: stacks/api.ts", "file: stacks/edge-logs.ts"],
    "the API's access log has the client and the route, and not which payment: what a request wrote says so, and of one that only read nothing does",
  ),
  estate(
    "10.3.1",
    "Only who needs to reads logs.",
    [
      `test: ${watching} › the log archive › lets nobody but the security account read, and the services write`,
      "rule: trail-encrypted",
    ],
    "logs of functions stay in the stage's account, for whoever may read CloudWatch there",
  ),
  estate(
    "10.3.2",
    "Nobody changes logs.",
    [
      `test: ${watching} › the log archive › locks the trail's files for more than a year, for its own administrators too`,
      "test: tests/estate/analytics.test.ts › the archive › is locked for ten years, root included, and deletes nothing before",
    ],
    "log groups of CloudWatch have no lock: an administrator of the stage may delete one, and the trail tells",
  ),
  estate(
    "10.3.3",
    "Logs are copied at once to where they are hard to change.",
    [trail, "rule: bucket-versioned"],
    "the trail and the configuration are; logs of functions, gateway, firewall and network stay in the account that made them. No issue has it yet",
  ),
  estate(
    "10.3.4",
    "A changed log is noticed.",
    [trail],
    "digests of the trail are there to be checked, and nothing checks them by itself; other logs have none",
  ),
  open(
    "10.4.1",
    "Security events and logs of what handles cards are reviewed every day.",
    "GuardDuty and Security Hub review the trail, the network and the cluster all day, and severe findings are mailed; nobody and nothing reads the API's and functions' own logs for attacks. No issue has it yet",
    [
      `test: ${alarms} › whoever is on call › is mailed, through a topic that only alarms of this account write to`,
      "rule: threats-watched",
    ],
  ),
  estate(
    "10.4.1.1",
    "This is done by machine.",
    ["rule: threats-watched", "rule: threats-to-everything-watched", "rule: alarms-tell-someone"],
    "for the logs of 10.4.1 that nothing reads",
  ),
  company("10.4.2", "Other logs are reviewed from time to time.", "the review"),
  company("10.4.2.1", "How often follows from a risk analysis.", "the analysis"),
  company("10.4.3", "What was found is followed up.", "the work; each alarm names a runbook", [
    `test: ${alarms} › alarms › $name says what it means, and names a runbook that is there`,
  ]),
  estate(
    "10.5.1",
    "Logs are kept for twelve months, three of them at hand.",
    [
      "test: tests/estate/wiring.test.ts › logs › are kept for 365 days",
      `test: ${watching} › the log archive › locks the trail's files for more than a year, for its own administrators too`,
    ],
    "findings of GuardDuty stay for 90 days, and RDS's readings of its machines for 30; Synthetics makes the log of the canary itself, which stays",
  ),
  company(
    "10.6.1",
    "Clocks agree, by a technology made for it.",
    "AWS sets the clocks of all that the estate runs on: its attestation shows it",
  ),
  company("10.6.2", "They are right.", "AWS, as above"),
  company("10.6.3", "Nobody sets them wrong.", "AWS, as above"),
  none(
    "10.7.1",
    "Service providers notice when controls fail.",
    "10.7.2 has taken its place since 31 March 2025",
  ),
  estate(
    "10.7.2",
    "Failures of controls are noticed, told and dealt with: network, intrusion, changes, malware, access, logs, segments, reviews, tests.",
    [
      `test: ${accounts} › the organization › refuses %s everywhere`,
      `test: ${watching} › the security account › enrols every member in GuardDuty with all protections, in each region`,
      `test: ${alarms} › what is watched › is every queue`,
    ],
    "queues and streams are no controls of security: their rules show that what fails is told. No alarm says that a log, a recorder or the firewall has gone silent; Security Hub finds them switched off within a day",
  ),
  company(
    "10.7.3",
    "After a failure it is restored, written down, and kept from happening again.",
    "the work and its records",
  ),
  ...papers(11, "tests of security"),
  none("11.2.1", "Wireless access points are found, also those that should not be.", wireless),
  none("11.2.2", "Those that are allowed are listed.", wireless),
  estate(
    "11.3.1",
    "Weaknesses inside are scanned for every three months, and the bad ones mended.",
    [scanned, "rule: weaknesses-looked-for", "rule: images-scanned", "rule: held-against-standards"],
    "mending what is found",
  ),
  company("11.3.1.1", "The others are mended as a risk analysis says.", "the analysis, and the mending"),
  estate(
    "11.3.1.2",
    "Scans sign in to what they scan.",
    [scanned],
    "Inspector reads packages and code by IAM, from within; databases are judged by their settings only",
  ),
  estate(
    "11.3.1.3",
    "They are repeated after significant changes.",
    ["rule: weaknesses-looked-for", "rule: images-scanned"],
    "each deployment is scanned by itself; to look at what was found is the company's",
  ),
  company(
    "11.3.2",
    "An approved vendor scans from outside every three months.",
    "the vendor (ASV), and mending what it finds",
  ),
  company("11.3.2.1", "Again after significant changes.", "the vendor, or somebody who knows how"),
  code(
    "11.4.1",
    "There is a method for penetration tests.",
    [
      "file: docs/penetration-test.md",
      "test: tests/contract/behaviours.test.ts › each behaviour that %s claims is shown by a test that exists",
    ],
    "threats and weaknesses of the last twelve months are for whoever tests to bring",
  ),
  company(
    "11.4.2",
    "From inside, every year and after significant changes.",
    "the test itself; the plan and what runs on a laptop are there",
    ["file: docs/penetration-test.md"],
  ),
  company("11.4.3", "From outside, likewise.", "the test itself", ["file: docs/penetration-test.md"]),
  company(
    "11.4.4",
    "What is found is mended, and tried again.",
    "the work; the plan says by when, and that each finding becomes a test",
    ["file: docs/penetration-test.md"],
  ),
  company(
    "11.4.5",
    "What separates card data is tested every year.",
    "the test itself; the plan's scope names the separations, and tests hold them",
    [
      "file: docs/penetration-test.md",
      "test: tests/estate/least-privilege.test.ts › the card vault › is written by one function and read by two others",
    ],
  ),
  company(
    "11.4.6",
    "Service providers test it every six months.",
    "the test itself; the plan wants it every six months",
    ["file: docs/penetration-test.md"],
  ),
  company(
    "11.4.7",
    "Providers of many tenants help them to test.",
    "an agreement with merchants who want to; the laptop's system is there for it",
    ["file: docs/penetration-test.md"],
  ),
  estate("11.5.1", "Intrusions into the network are noticed or stopped, and told.", [
    "rule: threats-watched",
    "rule: network-logs",
    "rule: firewall-in-front",
    "file: stacks/detection.ts",
  ]),
  estate(
    "11.5.1.1",
    "Service providers notice hidden channels of malicious software.",
    [
      "rule: threats-watched",
      `test: ${watching} › the security account › enrols every member in GuardDuty with all protections, in each region`,
    ],
    "GuardDuty looks at names that are asked and at functions' traffic, and tells; it stops nothing",
  ),
  estate(
    "11.5.2",
    "Changes of critical files are noticed, by comparing them every week.",
    ["rule: recorders-run", "rule: images-immutable"],
    "AWS Config sees resources, and a function's code by its hash; files within pods are watched by nothing, their root is read-only",
  ),
  none(
    "11.6.1",
    "Changed payment pages are noticed.",
    "the system serves no page that takes cards; a merchant's page is the merchant's",
  ),
];
