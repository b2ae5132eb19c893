import type { Plan, PlanResource } from "#local/plan/plan.ts";

/** A resource of a plan, `T` being what its reader reads of its inputs. */
export type Resource<T> = PlanResource & { readonly inputs: T };

/** A rendered plan, by the types and names of what is in it. */
export class PlanView {
  readonly stage: string;
  readonly account: string;
  readonly region: string;
  readonly resources: readonly PlanResource[];
  /** With what other stages have made for this one: what it may refer to. */
  readonly known: readonly PlanResource[];

  /** @param others stages whose resources this one refers to. */
  constructor({ stage, account, region, resources }: Plan, ...others: readonly PlanView[]) {
    this.stage = stage;
    this.account = account;
    this.region = region;
    this.resources = resources;
    this.known = [...resources, ...others.flatMap((other) => other.resources)];
  }

  /** All of one type. */
  ofType<T>(type: string): readonly Resource<T>[] {
    return this.resources.filter((resource) => resource.type === type) as Resource<T>[];
  }

  /**
   * The one of this logical name.
   * @throws Error when the plan has none.
   */
  resource<T>(name: string): Resource<T> {
    const found = this.resources.find((each) => each.name === name);
    if (found === undefined) throw new Error(`the plan of ${this.stage} has no ${name}`);
    return found as Resource<T>;
  }
}
