import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

const metadata = z.object({ name: z.string(), namespace: z.string() });
const template = z.object({
  spec: z.object({
    serviceAccountName: z.string(),
    containers: z.tuple([
      z.object({
        image: z.string().regex(/^[a-z]+$/, "here an image is the name of a folder of this project"),
        args: z.tuple([z.string()]).optional(),
        env: z.array(z.object({ name: z.string(), value: z.string() })),
      }),
    ]),
  }),
});
const deployment = z.object({ metadata, spec: z.object({ replicas: z.int().min(0), template }) });
const job = z.object({ metadata, spec: z.object({ suspend: z.literal(false), template }) });
const association = z.object({ namespace: z.string(), serviceAccount: z.string(), roleArn: z.string() });

/** A pod of the plan: here a process of one program. */
export interface PodPlan {
  readonly name: string;
  /** What it runs, from the project's root, which is as its image has it. */
  readonly program: string;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A deployment of the plan: here so many processes of one program. */
export interface DeploymentPlan extends PodPlan {
  readonly replicas: number;
}

/** What is to run before the deployments do, to its end. @throws Refusal for one that no role is associated with. */
export const jobPlansOf = (plan: Plan): readonly PodPlan[] =>
  resourcesOf(plan, "kubernetes:batch/v1:Job").map((each) => {
    const { metadata, spec } = inputsOf(each, job);
    return podPlanOf(plan, metadata, spec.template);
  });

/** The plan's deployments. @throws Refusal for one that no role is associated with. */
export const deploymentPlansOf = (plan: Plan): readonly DeploymentPlan[] =>
  resourcesOf(plan, "kubernetes:apps/v1:Deployment").map((each) => {
    const { metadata, spec } = inputsOf(each, deployment);
    return { ...podPlanOf(plan, metadata, spec.template), replicas: spec.replicas };
  });

function podPlanOf(
  plan: Plan,
  { name, namespace }: z.output<typeof metadata>,
  { spec }: z.output<typeof template>,
): PodPlan {
  const { serviceAccountName, containers } = spec;
  const identity = resourcesOf(plan, "aws:eks/podIdentityAssociation:PodIdentityAssociation")
    .map((each) => inputsOf(each, association))
    .find((each) => each.namespace === namespace && each.serviceAccount === serviceAccountName);
  if (identity === undefined)
    throw new Refusal(`the pods of ${name} have no role: none is associated with ${serviceAccountName}`);
  const [{ image, args, env }] = containers;
  return {
    ...{ name, roleArn: identity.roleArn, program: args?.[0] ?? `${image}/main.ts` },
    environment: Object.fromEntries(env.map((variable) => [variable.name, variable.value])),
  };
}
