// When somebody has to look. Each rule is a query that gives a row for each thing that is wrong; each links to its
// section of the runbook, which says what it means and what to do.
param location string
param tags object
param actionGroupName string
param workspaceId string
param emails string
param runbookUrl string
param latenessSeconds int
param silenceExtraSeconds int

var receivers = empty(emails) ? [] : split(replace(emails, ' ', ''), ',')

// Severity: 1 events are late if nobody acts, 2 soon, 3 worth knowing. Often is dear: docs/cost.md.
var rules = [
  {
    name: 'sweep-silent'
    title: 'Opwatch: a kind is not swept'
    severity: 1
    query: loadTextContent('../queries/sweep-silent.kql')
    threshold: silenceExtraSeconds
    windowSize: 'PT1H'
    frequency: 'PT5M'
    dimension: 'Kind'
  }
  {
    name: 'lateness'
    title: 'Opwatch: operations are read late'
    severity: 2
    query: loadTextContent('../queries/lateness.kql')
    threshold: latenessSeconds
    windowSize: 'PT15M'
    frequency: 'PT15M'
    dimension: 'Kind'
  }
  {
    name: 'graph-refused'
    title: 'Opwatch: Graph refuses the identity'
    severity: 1
    query: loadTextContent('../queries/graph-refused.kql')
    threshold: 0
    windowSize: 'PT15M'
    frequency: 'PT5M'
    dimension: 'Kind'
  }
  {
    name: 'graph-throttled'
    title: 'Opwatch: Graph throttles more than a tenth'
    severity: 3
    query: loadTextContent('../queries/graph-throttled.kql')
    threshold: 10
    windowSize: 'PT30M'
    frequency: 'PT15M'
    dimension: 'Kind'
  }
  {
    name: 'outbox-old'
    title: 'Opwatch: events wait in the outbox'
    severity: 1
    query: loadTextContent('../queries/outbox-old.kql')
    threshold: 300
    windowSize: 'PT15M'
    frequency: 'PT5M'
    dimension: 'Kind'
  }
  {
    name: 'poison'
    title: 'Opwatch: a sweep message failed five times'
    severity: 2
    query: loadTextContent('../queries/poison.kql')
    threshold: 0
    windowSize: 'PT15M'
    frequency: 'PT15M'
    dimension: 'Queue'
  }
  {
    name: 'event-conflict'
    title: 'Opwatch: an operation stands still'
    severity: 2
    query: loadTextContent('../queries/event-conflict.kql')
    threshold: 0
    windowSize: 'PT15M'
    frequency: 'PT15M'
    dimension: 'Kind'
  }
  {
    name: 'lost-share'
    title: 'Opwatch: unusually many operations are lost'
    severity: 2
    query: loadTextContent('../queries/lost-share.kql')
    threshold: 10
    windowSize: 'PT6H'
    frequency: 'PT15M'
    dimension: 'Kind'
  }
  {
    name: 'host-restarts'
    title: 'Opwatch: the host restarts'
    severity: 2
    query: loadTextContent('../queries/host-restarts.kql')
    threshold: 3
    windowSize: 'PT30M'
    frequency: 'PT15M'
    dimension: 'Role'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'opwatch'
    emailReceivers: [for (address, index) in receivers: {
      name: 'email-${index}'
      emailAddress: address
      useCommonAlertSchema: true
    }]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: 'opwatch-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.title
    description: 'What it means and what to do: ${runbookUrl}#${rule.name}'
    severity: rule.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: rule.frequency
    windowSize: rule.windowSize
    // The tables are there only once something was written to them.
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: rule.query
          metricMeasureColumn: 'Measure'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: rule.threshold
          dimensions: [
            {
              name: rule.dimension
              operator: 'Include'
              values: ['*']
            }
          ]
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [people.id]
      customProperties: { runbook: '${runbookUrl}#${rule.name}' }
    }
  }
}]
