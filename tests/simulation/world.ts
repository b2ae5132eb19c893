import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Epoch, firstEpoch } from "#adapters/dynamodb/fence.ts";
import { Customers } from "./customers.ts";
import { Disputes } from "./disputes.ts";
import { SimulatedClient, type StoreAlterations } from "./dynamodb/client.ts";
import { Tables } from "./dynamodb/tables.ts";
import { type FaultOptions, Faults } from "./faults.ts";
import { type FunctionName, loadFunction, type TaskPorts } from "./functions.ts";
import { Records } from "./idempotency.ts";
import { Lambda } from "./lambda.ts";
import type { Machines } from "./machine.ts";
import { Merchants } from "./merchants.ts";
import { Network } from "./network.ts";
import { Observer } from "./observer.ts";
import { cardNumbers } from "./orders.ts";
import { Random } from "./random.ts";
import { Reminders } from "./reminders.ts";
import { restoreLater } from "./restores.ts";
import { Sagas } from "./sagas.ts";
import { Scheduler } from "./scheduler.ts";
import { Settlements } from "./settlements.ts";
import { Trace } from "./trace.ts";
import { Vault } from "./vault.ts";
import { Wallet } from "./wallet.ts";

/** 2026-03-01T12:00:00Z. */
const beginning = 1_772_366_400_000;

/** What a mutation changes, at the edge of the code that is under test. */
export interface Alterations extends StoreAlterations {
  readonly machines: Machines;
  readonly ports: (ports: TaskPorts, name: FunctionName) => TaskPorts;
}

/** Everything around the code under test, in one history. Its parts know each other through it. */
export class World {
  readonly chance: Random;
  /** How long things take when nothing is wrong. */
  readonly delays: Random;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly observer: Observer;
  readonly tables: Tables;
  readonly dynamoDb: DynamoDBClient;
  readonly network: Network;
  readonly vault: Vault;
  readonly records: Records;
  readonly lambda: Lambda;
  readonly sagas: Sagas;
  readonly merchants: Merchants;
  readonly wallet: Wallet;
  readonly customers: Customers;
  readonly reminders: Reminders;
  readonly disputes: Disputes;
  readonly settlements: Settlements;
  #epoch = firstEpoch;

  constructor(seed: number, faults: FaultOptions, alterations: Alterations) {
    this.chance = new Random(seed, "chance");
    this.delays = new Random(seed, "delays");
    this.scheduler = new Scheduler(beginning, new Random(seed, "order"));
    const now = () => this.scheduler.now();
    this.trace = new Trace(now);
    this.faults = new Faults(seed, faults, now);
    this.observer = new Observer(this, cardNumbers);
    this.tables = new Tables((writes) => {
      this.observer.written(writes);
      this.reminders.written(writes);
      restoreLater(this, writes);
      this.disputes.written(writes);
      this.settlements.written(writes);
    });
    this.dynamoDb = new SimulatedClient(this, this.tables, alterations).asClient();
    this.network = new Network(this);
    this.vault = new Vault(this);
    this.records = new Records(this);
    this.lambda = new Lambda(this, (name) =>
      loadFunction(name, this.dynamoDb, this.vault, alterations.ports, this.epoch),
    );
    this.sagas = new Sagas(this, alterations.machines);
    this.merchants = new Merchants(this);
    this.wallet = new Wallet(this, seed);
    this.customers = new Customers(this, seed);
    this.reminders = new Reminders(this);
    this.disputes = new Disputes(this, seed, faults.allDenied === true);
    this.settlements = new Settlements(this, seed);
  }

  /** In which epoch a process writes that starts now. */
  get epoch(): Epoch {
    return this.#epoch;
  }

  /** Another region takes over: what runs goes on under the epoch that it started in, and what starts has the next. */
  handOver(): void {
    this.#epoch = (this.#epoch + 1) as Epoch;
    this.trace.note("", "region", `hands over to epoch ${this.#epoch}`);
  }
}
