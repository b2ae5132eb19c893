import type { ReportColumn } from "./reports.ts";

/** Name of the data set inside of the dashboard's definition. */
const dataSet = "payments";

/**
 * The dashboard of payments, as CloudFormation takes it: how many and how they ended, what each acquirer approves, how
 * much by currency (never across), why cards are declined, and whose outcome nobody knows yet.
 * @param dataSetId logical name of the data set in the template.
 */
export function dashboardOf(dataSetId: string, dashboardId: string, readers: $util.Input<string>): object {
  return {
    Type: "AWS::QuickSight::Dashboard",
    Properties: {
      AwsAccountId: { Ref: "AWS::AccountId" },
      DashboardId: dashboardId,
      Name: "Payments",
      Definition: {
        DataSetIdentifierDeclarations: [
          { Identifier: dataSet, DataSetArn: { "Fn::GetAtt": [dataSetId, "Arn"] } },
        ],
        FilterGroups: [onlyIn("unknown", "state", ["in_review"], [visuals.unknown])],
        Sheets: [
          {
            SheetId: "payments",
            Name: "Payments",
            Visuals: [
              bars(visuals.byDay, "Payments by day and end", "created_at", "state", counted()),
              bars(visuals.byAcquirer, "Ends by acquirer", "acquirer", "state", counted()),
              bars(
                visuals.captured,
                "Captured, in minor units of each currency",
                "created_at",
                "currency",
                summed("captured_minor"),
                "CLUSTERED",
              ),
              bars(visuals.declines, "Why cards are declined", "decline_code", "brand", counted()),
              table(visuals.unknown, "Outcome not known yet", [
                "payment",
                "acquirer",
                "currency",
                "amount_minor",
                "updated_at",
              ]),
            ],
          },
        ],
      },
      DashboardPublishOptions: {
        // What is exported is in a file on somebody's machine.
        ExportToCSVOption: { AvailabilityStatus: "DISABLED" },
        AdHocFilteringOption: { AvailabilityStatus: "ENABLED" },
      },
      Permissions: [
        {
          Principal: readers,
          Actions: [
            "quicksight:DescribeDashboard",
            "quicksight:ListDashboardVersions",
            "quicksight:QueryDashboard",
          ],
        },
      ],
    },
  };
}

const visuals = {
  byDay: "by-day",
  byAcquirer: "by-acquirer",
  captured: "captured",
  declines: "declines",
  unknown: "unknown",
} as const;

const column = (name: ReportColumn): object => ({ DataSetIdentifier: dataSet, ColumnName: name });
const titled = (text: string): object => ({
  Visibility: "VISIBLE",
  FormatText: { PlainText: text },
});

/** A field of a visual, whose id is of the visual too: ids are the dashboard's. */
function dimension(visual: string, name: ReportColumn): object {
  const FieldId = `${visual}.${name}`;
  return name.endsWith("_at")
    ? { DateDimensionField: { FieldId, Column: column(name), DateGranularity: "DAY" } }
    : { CategoricalDimensionField: { FieldId, Column: column(name) } };
}

type Measure = (visual: string) => object;

/** How many payments: each is a row. */
const counted = (): Measure => (visual) => ({
  CategoricalMeasureField: {
    FieldId: `${visual}.count`,
    Column: column("payment"),
    AggregationFunction: "COUNT",
  },
});

const summed =
  (name: ReportColumn): Measure =>
  (visual) => ({
    NumericalMeasureField: {
      FieldId: `${visual}.${name}.sum`,
      Column: column(name),
      AggregationFunction: { SimpleNumericalAggregation: "SUM" },
    },
  });

function bars(
  visual: string,
  title: string,
  by: ReportColumn,
  colors: ReportColumn,
  measure: Measure,
  // Amounts of several currencies stand beside each other: their sum is of nothing.
  arrangement: "STACKED" | "CLUSTERED" = "STACKED",
): object {
  return {
    BarChartVisual: {
      VisualId: visual,
      Title: titled(title),
      ChartConfiguration: {
        FieldWells: {
          BarChartAggregatedFieldWells: {
            Category: [dimension(visual, by)],
            Values: [measure(visual)],
            Colors: [dimension(visual, colors)],
          },
        },
        Orientation: "VERTICAL",
        BarsArrangement: arrangement,
      },
    },
  };
}

function table(visual: string, title: string, names: readonly ReportColumn[]): object {
  return {
    TableVisual: {
      VisualId: visual,
      Title: titled(title),
      ChartConfiguration: {
        FieldWells: {
          TableUnaggregatedFieldWells: {
            Values: names.map((name) => ({ FieldId: `${visual}.${name}`, Column: column(name) })),
          },
        },
      },
    },
  };
}

function onlyIn(
  id: string,
  name: ReportColumn,
  values: readonly string[],
  visualIds: readonly string[],
): object {
  return {
    FilterGroupId: id,
    CrossDataset: "SINGLE_DATASET",
    Status: "ENABLED",
    Filters: [
      {
        CategoryFilter: {
          FilterId: `${id}-${name}`,
          Column: column(name),
          Configuration: {
            FilterListConfiguration: { MatchOperator: "CONTAINS", CategoryValues: values },
          },
        },
      },
    ],
    ScopeConfiguration: {
      SelectedSheets: {
        SheetVisualScopingConfigurations: [
          { SheetId: "payments", Scope: "SELECTED_VISUALS", VisualIds: visualIds },
        ],
      },
    },
  };
}
