import { code, company, estate, none, open, type Row } from "../row.ts";
import { papers } from "./papers.ts";

const network = "tests/estate/network.test.ts";
const edge = "tests/estate/edge.test.ts";
const wireless = "there is no wireless network in the estate; offices are the company's";

/** Requirements 1 and 2: network controls, and secure configurations. */
export const networkRows: readonly Row[] = [
  ...papers(1, "network controls"),
  estate(
    "1.2.1",
    "How network controls are configured follows a standard that is defined, in use and kept up.",
    ["file: stacks/network.ts", "file: stacks/network-acls.ts", "adr: 35", "adr: 39"],
    "that somebody looks at the standard from time to time",
  ),
  code(
    "1.2.2",
    "Changes of networks and of their controls are approved and go the way of all changes (6.5.1).",
    [
      "test: tests/estate/render.test.ts › the lock of the estate › %s is what the estate renders to",
      "test: tests/estate/backup-delivery.test.ts › production's pipeline › checks, asks a person, and only then deploys",
    ],
    "reviews at the repository (protected branch, who may approve) are settings of the company's GitHub",
  ),
  estate(
    "1.2.3",
    "A diagram of all connections between the card data and other networks, and it is right.",
    [
      "file: docs/estate.svg",
      "test: tests/estate/graph.test.ts › the picture in docs/ is that of the committed plan",
    ],
    "the picture has resources and what they call, and no subnets, ports or connections to acquirers",
  ),
  code(
    "1.2.4",
    "A diagram of where account data flows, and it is right.",
    [
      "file: docs/card-data.md",
      "test: tests/estate/card-data.test.ts › where card data flows › is drawn as it is in %s: nobody else has a right on the vault",
      "adr: 11",
    ],
    "the company's own systems before the API, where a customer types the number",
  ),
  estate(
    "1.2.5",
    "Each service, protocol and port that is allowed is known, approved and has a reason.",
    [
      `test: ${network} › security groups › name in each rule what it is for`,
      `test: ${network} › access lists › let nothing out but TLS`,
      `test: ${network} › endpoints › are there for every service that nodes and pods call without the internet`,
    ],
    "functions run outside of the network, where no security group limits what they call: see 1.3.2",
  ),
  estate("1.2.6", "What is insecure of them and in use has safeguards.", [
    `test: ${network} › access lists › let nothing out but TLS`,
    `test: ${edge} › the edge › speaks TLS 1.2 at least, HTTP/2 and HTTP/3, and nothing in the clear`,
  ]),
  company(
    "1.2.7",
    "Network controls are reviewed every six months.",
    "the review; the committed plan is what to read",
    ["file: stacks/estate.production.lock.json"],
  ),
  estate(
    "1.2.8",
    "Configurations of network controls are safe from others, and what runs is what they say.",
    [
      "rule: changes-recorded",
      "test: tests/estate/render.test.ts › the lock of the estate › %s is what the estate renders to",
    ],
    "nothing compares the deployed network with the plan but a deployment; AWS Config tells of each change",
  ),
  estate(
    "1.3.1",
    "Into where card data is comes only what is needed; the rest is denied.",
    [
      `test: ${network} › security groups › let nobody in from outside the network`,
      `test: ${network} › access lists › let nobody in from outside to a port that a server listens on`,
      `test: ${edge} › the way around the edge › ends at a secret that every function behind a route asks for, and the one before it`,
    ],
    "cards are in functions and DynamoDB, which have no network address: there it is roles that deny (7.3.3)",
  ),
  open(
    "1.3.2",
    "Out of where card data is goes only what is needed; the rest is denied.",
    "the network lets out TLS only, and nodes reach AWS only; but the functions that open cards are outside of it (ADR 35) and may call any address: only their code and their roles hold them back. No issue has it yet",
    [
      `test: ${network} › security groups › let nodes send to nobody in particular nowhere`,
      `test: ${network} › the network › has a way to the internet for builds only, each through its own zone`,
    ],
  ),
  none("1.3.3", "Network controls between wireless networks and card data.", wireless),
  estate(
    "1.4.1",
    "Network controls between networks that are trusted and those that are not.",
    [
      `test: ${edge} › the way around the edge › has no address of API Gateway's`,
      `test: ${network} › access lists › fence every subnet, each once`,
    ],
    "functions are in AWS's network, whose border is AWS's: what keeps others from them is roles, and the secret of the edge",
  ),
  estate("1.4.2", "From untrusted networks come only requests to what may be public, and answers.", [
    `test: ${network} › the network › is in three zones, with subnets that do not overlap and hand out no public addresses`,
    `test: ${network} › access lists › let nobody in from outside to a port that a server listens on`,
    "rule: routes-authorized",
  ]),
  company(
    "1.4.3",
    "Forged sender addresses are detected and blocked.",
    "AWS does this in its network: its attestation shows it",
  ),
  estate(
    "1.4.4",
    "What stores card data is not reached from untrusted networks.",
    [
      "test: tests/estate/least-privilege.test.ts › the card vault › is written by one function and read by two others",
      "test: tests/estate/stores.test.ts › the books › let in the proxy only, which lets in nodes and people at their desk only",
    ],
    "the vault is a DynamoDB table, whose endpoint is public: its policies let in roles, and its key opens it through DynamoDB alone",
  ),
  code("1.4.5", "Internal addresses and routes are told to nobody who need not know.", [
    "test: functions/api/http/handler.test.ts › when something breaks that nobody foresaw › the log tells it, under the id that the caller was given",
    "test: tests/estate/edge.test.ts › the edge › keeps no answer, and no error: one merchant's 404 is not another's",
  ]),
  company(
    "1.5.1",
    "Computers that reach both the internet and card data are secured.",
    "laptops and whoever uses them",
  ),
  ...papers(2, "secure configurations"),
  estate(
    "2.2.1",
    "Standards of configuration for each component, by what the industry advises, kept up and in use.",
    [
      "script: estate:check",
      "adr: 41",
      "test: tests/estate/watching-accounts.test.ts › the security account › holds all accounts against FSBP and PCI DSS 4.0.1",
    ],
    "that what Security Hub finds is mended in time is work of people",
  ),
  estate(
    "2.2.2",
    "Accounts that vendors create are not used, or have a password of ours.",
    [
      "test: tests/estate/stores.test.ts › the books › have no password but the owner's, which the proxy reads and no pod: all sign in to it by IAM",
      "test: tests/estate/stores.test.ts › the cache › has one user, that signs in by IAM, has keys of its own and cannot list, empty or configure",
    ],
    "root of the organization's own account keeps its password: the company locks it away",
  ),
  estate("2.2.3", "Functions that need different levels of security do not share a component.", [
    "test: tests/estate/least-privilege.test.ts › roles › belong to one function or saga each, and the others are known by name",
    "test: tests/estate/least-privilege.test.ts › the card vault › is sealed by one function and opened by another, both naming the merchant and the key epoch",
  ]),
  estate("2.2.4", "Only what is needed is switched on.", [
    `test: ${network} › the network › has taken over and emptied what AWS makes with a VPC`,
    "test: tests/estate/systems.test.ts › $concern: $system is in production, and is used by $usedBy",
    "test: tests/estate/accounts.test.ts › the organization › refuses regions that are not used, whatever is asked of them",
  ]),
  estate("2.2.5", "Insecure services that are there have a reason and safeguards.", [
    `test: ${edge} › the edge › speaks TLS 1.2 at least, HTTP/2 and HTTP/3, and nothing in the clear`,
    `test: ${network} › access lists › let nothing out but TLS`,
  ]),
  estate("2.2.6", "Settings of security are such that nobody can misuse the system.", [
    "script: estate:check",
    "test: tests/estate/cluster.test.ts › the reconciler › runs as nobody, can write to one folder of its own, and keeps no door to Kubernetes",
  ]),
  estate(
    "2.2.7",
    "Administration from afar is encrypted.",
    ["rule: cluster-private", "rule: database-proxy-tls", "rule: edge-tls"],
    "consoles and APIs of AWS speak TLS: its attestation shows it",
  ),
  none("2.3.1", "Defaults of wireless vendors are changed.", wireless),
  none("2.3.2", "Keys of wireless networks are changed.", wireless),
];
