import { describe, expect, it } from "vitest";
import { resource as localResource, production } from "./committed-plan.ts";
import type { Pod } from "./pod.ts";

/** As one of the plan's inputs. */
interface JobInputs {
  readonly metadata: { readonly namespace: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly suspend: boolean;
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds: number;
    readonly template: {
      readonly spec: Omit<Pod, "containers"> & { readonly restartPolicy: string } & Containers;
    };
  };
}
interface Containers {
  readonly containers: readonly (Pod["containers"][number] & { readonly args: readonly string[] })[];
}

describe("the migration of the books", () => {
  const { inputs, options } = production.resource<JobInputs>("BooksMigration");
  const { template, ...run } = inputs.spec;
  const [container] = template.spec.containers;
  const reconciler = production.resource<{ spec: { template: { spec: Pod } } }>("Reconciler");

  it("is of the image that the reconciler's pods are of, and ends before any of them begins", () => {
    expect(container?.image).toBe(reconciler.inputs.spec.template.spec.containers[0]?.image);
    expect(container?.args).toEqual(["reconciler/migrate.ts"]);
    expect(reconciler.options?.["dependsOn"]).toContain("BooksMigration");
  });

  it("begins once the proxy leads to the books, its identity is there, and it is fenced", () => {
    expect(options?.["dependsOn"]).toEqual(
      expect.arrayContaining(["BooksMigrationIdentity", "BooksProxyTarget", "ReconcilerNetworkPolicy"]),
    );
    expect(inputs.metadata.namespace).toBe("reconciler");
  });

  it("comes in as the owner, by the proxy, and is told no password", () => {
    expect(Object.fromEntries(container?.env.map(({ name, value }) => [name, value]) ?? [])).toEqual({
      AWS_REGION: "eu-west-1",
      BOOKS_HOST: production.resource("BooksProxy").outputs?.["endpoint"],
      BOOKS_DATABASE: "books",
      BOOKS_USER: "books_owner",
    });
  });

  it("runs as nobody, writes nowhere, and has an account of its own", () => {
    expect(template.spec).toMatchObject({
      ...{ serviceAccountName: "books-migration", automountServiceAccountToken: false },
      ...{ restartPolicy: "Never", securityContext: { runAsNonRoot: true } },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container).not.toHaveProperty("volumeMounts");
  });

  it("is held while no image is released, and waited for from then on; one that failed is made again", () => {
    const released = !container?.image.endsWith(":unreleased");
    expect(run.suspend).toBe(!released);
    expect(inputs.metadata.annotations).toEqual(
      released ? { "pulumi.com/replaceUnready": "true" } : { "pulumi.com/skipAwait": "true" },
    );
    const { buildTimeout } = production.resource<{ buildTimeout: number }>("DeployBuild").inputs;
    expect(run.activeDeadlineSeconds).toBeLessThan(buildTimeout * 60);
    expect(run.backoffLimit).toBeGreaterThan(0);
    // On a laptop the image is the project: it is always there.
    expect(localResource<JobInputs>("BooksMigration").inputs.spec.suspend).toBe(false);
  });
});
