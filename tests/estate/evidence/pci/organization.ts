import { code, company, estate, type Row } from "../row.ts";

const people = "people and papers";
const alarms = "tests/estate/alarms.test.ts";
const tenants =
  "test: tests/integration/card-payments.test.ts › tenants › do not see each other's payments" as const;

/** Requirement 12, and what Appendix A1 adds for providers of several tenants. */
export const organizationRows: readonly Row[] = [
  company("12.1.1", "There is a policy of information security, and all have it.", people),
  company("12.1.2", "It is reviewed every year.", people),
  company("12.1.3", "It says who does what, and everybody knows his part.", people),
  company("12.1.4", "Somebody in management answers for it.", people),
  company("12.2.1", "Rules for the use of technology are written.", people),
  company("12.3.1", "Where a requirement wants a risk analysis, there is one, current and reasoned.", people),
  company("12.3.2", "So there is for each that is met in another way.", people),
  company(
    "12.3.3",
    "Ciphers and protocols in use are listed, reviewed every year, with a plan for the day when they fall.",
    "the list and the plan",
    [
      "adr: 11",
      "test: tests/estate/edge.test.ts › the edge › speaks TLS 1.2 at least, HTTP/2 and HTTP/3, and nothing in the clear",
    ],
  ),
  company(
    "12.3.4",
    "Hardware and software are reviewed every year: still supported, still fit.",
    "the review",
    ["rule: functions-supported", "file: package.json"],
  ),
  company("12.4.1", "Service providers: management answers for PCI DSS.", people),
  company("12.4.2", "Service providers: every three months somebody checks that duties are done.", people),
  company("12.4.2.1", "Service providers: that is written down.", people),
  estate(
    "12.5.1",
    "All components in scope are listed, with what they are for.",
    [
      "file: stacks/estate.production.lock.json",
      "test: tests/estate/systems.test.ts › $concern: $system is in production, and is used by $usedBy",
      "file: docs/estate.svg",
    ],
    "what is outside of this repository; which of them are in scope",
  ),
  company(
    "12.5.2",
    "The scope is written down and confirmed every year.",
    "the scope: the vault, the function that seals cards, the task that opens them, and what reaches these",
    ["adr: 11"],
  ),
  company("12.5.2.1", "Service providers: every six months.", people),
  company("12.5.3", "Service providers: a change of the organization is looked at for the scope.", people),
  company("12.6.1", "There is a program of awareness.", people),
  company("12.6.2", "It is reviewed every year.", people),
  company("12.6.3", "Everybody is trained when hired, and every year.", people),
  company("12.6.3.1", "About phishing and the like, too.", people),
  company("12.6.3.2", "About the use of technology, too.", people),
  company("12.7.1", "Who will reach card data is screened before.", people),
  company(
    "12.8.1",
    "Whoever gets account data, or could harm it, is listed.",
    "the list: AWS, the acquirers in stacks/settings.ts, GitHub",
    ["file: stacks/settings.ts", "file: stacks/company.ts"],
  ),
  company("12.8.2", "There are agreements with them.", people),
  company("12.8.3", "They are looked at before.", people),
  company("12.8.4", "Their compliance is watched every year.", people),
  company(
    "12.8.5",
    "Who answers for which requirement is written down.",
    "the table for AWS: rows of this page that name AWS are where to begin",
  ),
  company("12.9.1", "Service providers: customers have it in writing that we answer for their data.", people),
  company(
    "12.9.2",
    "Service providers: customers are told about our compliance when they ask.",
    "an answer; this page is what to begin with",
  ),
  company(
    "12.10.1",
    "There is a plan for incidents, ready to be used.",
    "the plan: whom to call, what law and card brands want; runbooks cover what fails, not who broke in",
    [
      "file: docs/runbooks/system-trouble.md",
      "test: tests/estate/backup-delivery.test.ts › production's backups › are restored each week, to know that they can be",
      "test: tests/estate/alarms.test.ts › alarms › $name says what it means, and names a runbook that is there",
    ],
  ),
  company("12.10.2", "It is rehearsed and reviewed every year.", people),
  company(
    "12.10.3",
    "Somebody is there day and night.",
    "the people behind the address of stacks/company.ts",
    ["rule: alarms-tell-someone"],
  ),
  company("12.10.4", "They are trained.", people),
  company("12.10.4.1", "How often follows from a risk analysis.", people),
  estate(
    "12.10.5",
    "The plan covers the alerts of all that watches: intrusion, network, changes, payment pages, access points.",
    [
      `test: ${alarms} › alarms › $name tells somebody, by itself or together with others`,
      "file: stacks/detection.ts",
      "file: stacks/operators.ts",
      "file: docs/runbooks/security-finding.md",
    ],
    "who is on call, and the company's own plan for an incident",
  ),
  company("12.10.6", "It learns from what happened.", people),
  company(
    "12.10.7",
    "There is a procedure for card numbers where none should be.",
    "the procedure; Macie looks for them in buckets, and its findings reach Security Hub",
    ["rule: card-data-looked-for"],
  ),
  code(
    "A1.1.1",
    "Provider and customers are apart, in both directions.",
    [
      tenants,
      "test: functions/api/http/request.test.ts › an operator › is refused where only a merchant may, whatever scopes it has",
    ],
    "operators read across merchants by design, with scopes of their own",
  ),
  code("A1.1.2", "Each customer reaches his own card data only.", [
    "test: tests/integration/card-payments.test.ts › a card token › of another merchant is not found",
    "test: tests/contract/vault.test.ts › a vault that was tampered with gives no card › when a whole item was copied to another merchant",
  ]),
  code(
    "A1.1.3",
    "Each customer reaches his own resources only.",
    [
      tenants,
      "test: tests/integration/events.test.ts › each change of a payment is an event › that is found by its id, and not by another merchant",
    ],
    "there is no limit per merchant: one can use up the throughput of all",
  ),
  company(
    "A1.1.4",
    "That they are apart is tested by penetration tests every six months.",
    "the test itself; the plan wants it every six months",
    ["file: docs/penetration-test.md"],
  ),
  estate(
    "A1.2.1",
    "There are logs of each customer's, as requirement 10 wants them.",
    [
      "rule: api-logs",
      "test: tests/integration/events.test.ts › a merchant's list of events › shows the newest first, and goes on by its cursor",
    ],
    "a merchant sees the events of its payments, and no log of who signed in as it",
  ),
  company(
    "A1.2.2",
    "Incidents of a customer can be investigated at once.",
    "the people; timelines, the trail and the archive are what they read",
    [
      "script: ops",
      "test: tests/integration/timeline.test.ts › a payment's timeline tells its silence, its recovery, its entries and its refund, in the order of time",
    ],
  ),
  company("A1.2.3", "Customers can report incidents and weaknesses, and are heard.", people),
];
