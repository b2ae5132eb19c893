import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

const deployment = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    replicas: z.int().min(0),
    template: z.object({
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([
          z.object({
            image: z.string().regex(/^[a-z]+$/, "here an image is the name of a folder of this project"),
            env: z.array(z.object({ name: z.string(), value: z.string() })),
          }),
        ]),
      }),
    }),
  }),
});
const association = z.object({ namespace: z.string(), serviceAccount: z.string(), roleArn: z.string() });

/** A deployment of the plan: here so many processes of one program. */
export interface PodPlan {
  readonly name: string;
  readonly replicas: number;
  /** The folder whose `main.ts` runs. */
  readonly program: string;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The plan's deployments. @throws Refusal for one that no role is associated with. */
export function podPlansOf(plan: Plan): readonly PodPlan[] {
  const identities = resourcesOf(plan, "aws:eks/podIdentityAssociation:PodIdentityAssociation").map((each) =>
    inputsOf(each, association),
  );
  return resourcesOf(plan, "kubernetes:apps/v1:Deployment").map((each) => {
    const { metadata, spec } = inputsOf(each, deployment);
    const { serviceAccountName, containers } = spec.template.spec;
    const identity = identities.find(
      ({ namespace, serviceAccount }) =>
        namespace === metadata.namespace && serviceAccount === serviceAccountName,
    );
    if (identity === undefined)
      throw new Refusal(
        `the pods of ${metadata.name} have no role: none is associated with ${serviceAccountName}`,
      );
    const [{ image, env }] = containers;
    return {
      ...{ name: metadata.name, replicas: spec.replicas, program: image, roleArn: identity.roleArn },
      environment: Object.fromEntries(env.map(({ name, value }) => [name, value])),
    };
  });
}
