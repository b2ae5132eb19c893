import type { PlanView } from "../plan-view.ts";
import { grantsOf, listOf } from "./documents.ts";
import { each, type Rule } from "./rule.ts";

interface Deployed {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: { readonly template?: { readonly spec?: { readonly serviceAccountName?: string } } };
}

/** The role that a deployment's pods have by their service account. */
function roleOf({ metadata, spec }: Deployed, plan: PlanView): Parameters<typeof grantsOf>[0] {
  const account = spec?.template?.spec?.serviceAccountName;
  const identity = plan
    .ofType<{ namespace?: string; serviceAccount?: string; roleArn?: string }>(
      "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    )
    .find(({ inputs }) => inputs.namespace === metadata?.namespace && inputs.serviceAccount === account);
  const role = plan
    .ofType<Parameters<typeof grantsOf>[0]>("aws:iam/role:Role")
    .find(({ outputs }) => outputs?.["arn"] === identity?.inputs.roleArn);
  return role?.inputs ?? {};
}

const sendsTraces = "xray:PutTraceSegments";

/** Without a cluster pods are processes of a laptop. */
const reachesXRay = (plan: PlanView): boolean =>
  plan.ofType("aws:eks/cluster:Cluster").length === 0 ||
  plan
    .ofType<{ serviceName?: string }>("aws:ec2/vpcEndpoint:VpcEndpoint")
    .some(({ inputs }) => inputs.serviceName?.endsWith(".xray"));

/** What runs in the cluster. */
export const podRules: readonly Rule[] = [
  {
    name: "pods-traced",
    shows: ["PCI 10.2.1"],
    says: "Pods may send their traces, and reach who takes them.",
    check: each<Deployed>("kubernetes:apps/v1:Deployment", (deployed, _, plan) => {
      if (!grantsOf(roleOf(deployed, plan)).some(({ Action }) => listOf(Action).includes(sendsTraces)))
        return `is not traced: grant its service account ${sendsTraces}`;
      return !reachesXRay(plan) && "cannot reach X-Ray: its network needs an endpoint of it";
    }),
  },
];
