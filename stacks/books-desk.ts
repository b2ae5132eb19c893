import type { Books } from "./books.ts";
import type { BooksProxy } from "./books-proxy.ts";
import { physicalName } from "./naming.ts";
import type { BuildPlace, Network } from "./network.ts";
import { type Permission, unscoped } from "./permissions.ts";
import type { ReconcilerQueues } from "./reconciler.ts";
import { inlinePolicy, trustPeople } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

/** Where people sit who come into the books: shells of CloudShell, in the network. */
export interface BooksDesk {
  readonly group: aws.ec2.SecurityGroup;
  readonly place: BuildPlace;
  readonly vpcId: $util.Output<string>;
}

/** A working day. */
const sessionSecondsMax = 8 * 3_600;

/** Who comes in, by the permission set of IAM Identity Center; as whom, and what for. */
const people = [
  {
    role: "Finance",
    permissionSet: "Finance",
    user: "finance",
    does: "Reads the books, and decides what is left to a person",
  },
  { role: "BooksAuditors", permissionSet: "Auditors", user: "auditor", does: "Reads the books" },
] as const;

/**
 * A person reaches the books from a shell that AWS runs in our network: nothing of it is there, or costs, while nobody uses it,
 * and no port is open (ADR 68). It is among the builds, from where packages can be fetched. Undefined where there are none.
 */
export function createBooksDesk(network: Network, { group: proxy }: BooksProxy): BooksDesk | undefined {
  if (network.builds === undefined) return undefined;
  const group = new aws.ec2.SecurityGroup("BooksDeskGroup", {
    name: physicalName("BooksDesk"),
    description: "Shells of people who come into the books",
    vpcId: network.vpcId,
    tags: { Name: physicalName("BooksDesk") },
  });
  new aws.vpc.SecurityGroupEgressRule("BooksDeskOut", {
    securityGroupId: group.id,
    description: "The repository, its packages and AWS: all have addresses that change",
    ...{ ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" },
  });
  const postgres = { ipProtocol: "tcp", fromPort: 5432, toPort: 5432 };
  const description = "People to the proxy of the books";
  new aws.vpc.SecurityGroupEgressRule("DeskToBooks", {
    ...{ ...postgres, description, securityGroupId: group.id, referencedSecurityGroupId: proxy.id },
  });
  new aws.vpc.SecurityGroupIngressRule("DeskToBooksInwards", {
    ...{ ...postgres, description, securityGroupId: proxy.id, referencedSecurityGroupId: group.id },
  });
  return { group, place: network.builds, vpcId: network.vpcId };
}

/** The roles of people who come into the books. They sign in to them by IAM in their own name, and may sit at the desk. */
export function createBooksPeople(
  settings: StageSettings,
  books: Books | undefined,
  queues: ReconcilerQueues | undefined,
): void {
  const { door } = books ?? {};
  if (door?.desk === undefined) return;
  const { accountId } = aws.getCallerIdentityOutput();
  const sitting = [...openingShells(door.desk, settings), ...joiningNetwork(door.desk, settings)];
  for (const { role, permissionSet, user, does } of people)
    new aws.iam.Role(role, {
      name: physicalName(role),
      description: does,
      maxSessionDuration: sessionSecondsMax,
      assumeRolePolicy: trustPeople(accountId, permissionSet),
      inlinePolicies: [
        inlinePolicy([door.connectAs(user), ...(user === "finance" ? counting(queues) : []), ...sitting]),
      ],
    });
}

/** Who closes a period asks what the journal's queue still holds for the books. */
const counting = (queues: ReconcilerQueues | undefined): Permission[] =>
  queues === undefined
    ? []
    : [
        {
          actions: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
          resources: [queues.journal.waiting.arn, queues.journal.unread.arn],
        },
      ];

/** At the desk and nowhere else: a shell outside of our network, or with another group, is refused. */
function openingShells({ group, place, vpcId }: BooksDesk, settings: StageSettings): Permission[] {
  const only = (variable: string, values: $util.Input<string>[]) => [
    { test: "ForAllValues:StringEquals", variable, values },
    // "For all values" of nothing is true.
    { test: "Null", variable, values: ["false"] },
  ];
  return [
    {
      ...unscoped("cloudshell:CreateEnvironment"),
      conditions: [
        ...only("cloudshell:VpcIds", [vpcId]),
        ...only("cloudshell:SubnetIds", [...place.subnetIds]),
        ...only("cloudshell:SecurityGroupIds", [group.id]),
      ],
    },
    {
      actions: [
        "cloudshell:CreateSession",
        "cloudshell:DeleteEnvironment",
        "cloudshell:GetEnvironmentStatus",
        "cloudshell:PutCredentials",
        "cloudshell:StartEnvironment",
        "cloudshell:StopEnvironment",
      ],
      // AWS shows each person their own.
      resources: [`arn:aws:cloudshell:${settings.region}:${settings.awsAccount}:environment/*`],
    },
    unscoped("cloudshell:DescribeEnvironments"),
  ];
}

/** CloudShell puts a network interface there, in the name of the person: only it may. */
function joiningNetwork({ group, place }: BooksDesk, { region, awsAccount }: StageSettings): Permission[] {
  const interfaces = [`arn:aws:ec2:${region}:${awsAccount}:network-interface/*`];
  const byShell = {
    test: "ForAnyValue:StringEquals",
    variable: "aws:CalledVia",
    values: ["cloudshell.amazonaws.com"],
  };
  const tagged = {
    test: "ForAnyValue:StringEquals",
    variable: "aws:TagKeys",
    values: ["ManagedByCloudShell"],
  };
  const itsOwn = { test: "StringEquals", variable: "aws:ResourceTag/ManagedByCloudShell", values: [""] };
  return [
    {
      actions: ["ec2:CreateNetworkInterface"],
      resources: [...place.subnetArns, group.arn],
      conditions: [byShell],
    },
    { actions: ["ec2:CreateNetworkInterface"], resources: interfaces, conditions: [byShell, tagged] },
    {
      actions: ["ec2:CreateTags"],
      resources: interfaces,
      conditions: [
        ...[byShell, tagged],
        { test: "StringEquals", variable: "ec2:CreateAction", values: ["CreateNetworkInterface"] },
      ],
    },
    {
      actions: ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
      resources: interfaces,
      conditions: [byShell, itsOwn],
    },
    unscoped(
      "ec2:DescribeDhcpOptions",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ),
  ];
}
