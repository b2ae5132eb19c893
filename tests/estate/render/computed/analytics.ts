import { named, type Rules, text, uuidOf } from "./forms.ts";

/** Delivery of events, their catalog, who asks it, and the warehouse. */
export const analytics: Rules = {
  "aws:athena/namedQuery:NamedQuery": ({ name }) => ({ id: uuidOf(name) }),
  "aws:athena/workgroup:Workgroup": (made) => named(made, "athena", "workgroup/"),
  "aws:cloudformation/stack:Stack": ({ name, inputs, region, account }) => ({
    id: `arn:aws:cloudformation:${region}:${account}:stack/${text(inputs["name"])}/${uuidOf(name)}`,
  }),
  "aws:glue/catalogDatabase:CatalogDatabase": ({ inputs, region, account }) => {
    const name = text(inputs["name"]);
    return { id: `${account}:${name}`, arn: `arn:aws:glue:${region}:${account}:database/${name}` };
  },
  "aws:glue/catalogTable:CatalogTable": ({ inputs, region, account }) => {
    const [database, name] = [text(inputs["databaseName"]), text(inputs["name"])];
    return {
      id: `${account}:${database}:${name}`,
      arn: `arn:aws:glue:${region}:${account}:table/${database}/${name}`,
    };
  },
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (made) => {
    const { arn } = named(made, "firehose", "deliverystream/");
    return { id: arn, arn };
  },
  "aws:quicksight/accountSubscription:AccountSubscription": ({ account }) => ({ id: account }),
  "aws:quicksight/group:Group": ({ inputs, region, account }) => {
    const name = text(inputs["groupName"]);
    return {
      id: `${account}/default/${name}`,
      arn: `arn:aws:quicksight:${region}:${account}:group/default/${name}`,
    };
  },
  "aws:redshiftserverless/namespace:Namespace": ({ name, inputs, region, account }) => ({
    id: text(inputs["namespaceName"]),
    arn: `arn:aws:redshift-serverless:${region}:${account}:namespace/${uuidOf(name)}`,
    adminPasswordSecretArn: `arn:aws:secretsmanager:${region}:${account}:secret:redshift!${text(inputs["namespaceName"])}-${text(inputs["adminUsername"])}-${uuidOf(name).slice(0, 6)}`,
  }),
  "aws:redshiftserverless/usageLimit:UsageLimit": ({ name }) => ({ id: uuidOf(name) }),
  "aws:redshiftserverless/workgroup:Workgroup": ({ name, inputs, region, account }) => ({
    id: text(inputs["workgroupName"]),
    arn: `arn:aws:redshift-serverless:${region}:${account}:workgroup/${uuidOf(name)}`,
  }),
};
