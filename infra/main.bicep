// Opwatch in one resource group: a function app on Flex Consumption, its storage, identity, monitoring and alerts.
// What an operator may choose is a parameter here; docs/deploy.md tells what each is for.
targetScope = 'subscription'

import { opwatchSettings } from 'modules/settings.bicep'

@description('Name of the environment; it tells several installations apart and is part of every name.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources; one that offers Flex Consumption.')
@minLength(1)
param location string

@description('Node.js of the function app.')
@allowed(['22', '24'])
param nodeVersion string = '22'

@description('Memory of an instance: 512 is 0.25, 2048 is 1, 4096 is 2 virtual CPUs.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@description('Most instances at a time, all functions together.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that always wait for HTTP calls; they are billed all the time.')
@minValue(0)
param alwaysReadyHttp int = 0

@description('Copies that storage keeps: in one building, or in three zones of the region.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Table of all state (OPWATCH_TABLE).')
param tableName string = 'opwatch'

@description('Queue on which transitions are published (OPWATCH_TRANSITIONS_QUEUE).')
param transitionsQueueName string = 'opwatch-transitions'

@description('Queue of sweep messages (OPWATCH_SWEEPS_QUEUE).')
param sweepsQueueName string = 'opwatch-sweeps'

@description('Every other setting of docs/configuration.md, by its name. Empty: the default that stands there.')
param settings opwatchSettings = {}

@description('The one setting that is a secret (OPWATCH_NOTIFICATIONS_CLIENT_STATE): change notifications bring it.')
@secure()
param notificationsClientState string = ''

@description('Storage is reached by private endpoints only, and the app runs in a virtual network.')
param privateNetwork bool = false

@description('Address space of that network; its first two /24 are used.')
param networkAddressPrefix string = '10.90.0.0/16'

@description('Addresses (CIDR, separated by commas) that may call the app. Empty: any; keys or tokens decide.')
param allowedAddresses string = ''

@description('Addresses (CIDR, separated by commas) that may deploy. Empty: any; Entra roles decide.')
param deploymentAddresses string = ''

@description('With OPWATCH_CALLER_AUTH=entra: the platform checks tokens too, before the app does.')
param platformAuthentication bool = false

@description('Object ids, separated by commas, that may take messages from the queue of transitions.')
param consumerPrincipalIds string = ''

@description('Object ids, separated by commas, that may read logs and the workbook.')
param operatorPrincipalIds string = ''

@description('Addresses, separated by commas, that are written to when an alert fires.')
param alertEmails string = ''

@description('Where the runbook can be read; alerts link to its sections.')
param runbookUrl string = 'docs/runbook.md'

@description('A read may begin so long after its due time before that is an alert.')
@minValue(1)
param latenessAlertSeconds int = 180

@description('With ticks longer than the defaults: three times the difference, or a kind counts as silent too early.')
@minValue(0)
param silenceAlertExtraSeconds int = 0

@description('Days that logs and metrics are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('GB of logs a day after which no more are taken; -1 means no limit.')
param logDailyCapGB int = 1

var resourceToken = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var functionAppName = 'func-opwatch-${resourceToken}'
var chosenTenantId = settings.?OPWATCH_TENANT_ID ?? ''
var tenantId = empty(chosenTenantId) ? tenant().tenantId : chosenTenantId
var callerTenantId = settings.?OPWATCH_AUTH_TENANT_ID ?? ''

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-opwatch-${resourceToken}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${resourceToken}'
    componentName: 'appi-${resourceToken}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGB: logDailyCapGB
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${resourceToken}'
    location: location
    tags: tags
    sku: storageSku
    tableName: tableName
    transitionsQueueName: transitionsQueueName
    sweepsQueueName: sweepsQueueName
    isPrivate: privateNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${resourceToken}'
    location: location
    tags: tags
    addressPrefix: networkAddressPrefix
    storageAccountName: storage.outputs.name
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    storageAccountName: storage.outputs.name
    transitionsQueueName: transitionsQueueName
    sweepsQueueName: sweepsQueueName
    componentName: monitoring.outputs.componentName
    workspaceName: monitoring.outputs.workspaceName
    consumerPrincipalIds: consumerPrincipalIds
    operatorPrincipalIds: operatorPrincipalIds
  }
}

module functionApp 'modules/function-app.bicep' = {
  name: 'functionApp'
  scope: group
  params: {
    name: functionAppName
    planName: 'plan-${resourceToken}'
    location: location
    tags: tags
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyHttp: alwaysReadyHttp
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    deploymentContainerName: storage.outputs.deploymentContainerName
    tableName: tableName
    transitionsQueueName: transitionsQueueName
    sweepsQueueName: sweepsQueueName
    componentName: monitoring.outputs.componentName
    workspaceId: monitoring.outputs.workspaceId
    tenantId: tenantId
    settings: settings
    notificationsClientState: notificationsClientState
    subnetId: privateNetwork ? network.outputs.appSubnetId : ''
    allowedAddresses: allowedAddresses
    deploymentAddresses: deploymentAddresses
  }
  dependsOn: [
    roles
  ]
}

module callerAuth 'modules/caller-auth.bicep' = if (platformAuthentication) {
  name: 'callerAuth'
  scope: group
  params: {
    functionAppName: functionApp.outputs.name
    tenantId: empty(callerTenantId) ? tenantId : callerTenantId
    audience: settings.?OPWATCH_AUTH_AUDIENCE ?? ''
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    actionGroupName: 'ag-${resourceToken}'
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    runbookUrl: runbookUrl
    latenessSeconds: latenessAlertSeconds
    silenceExtraSeconds: silenceAlertExtraSeconds
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    displayName: 'Opwatch ${environmentName}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenantId
output AZURE_RESOURCE_GROUP string = group.name
output FUNCTION_APP_NAME string = functionApp.outputs.name
output API_URL string = functionApp.outputs.apiUrl
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output IDENTITY_CLIENT_ID string = identity.outputs.clientId
output QUEUE_ENDPOINT string = storage.outputs.queueEndpoint
output TRANSITIONS_QUEUE string = transitionsQueueName
output WORKBOOK_ID string = workbook.outputs.id

@description('Grants a Graph role by the layer in infra/graph. Needs Privileged Role Administrator. Other roles: docs/permissions.md.')
output GRANT_GRAPH_ROLES_COMMAND string = 'az deployment group create --resource-group ${group.name} --template-file infra/graph/main.bicep --parameters principalId=${identity.outputs.principalId} roles="[\'ExternalConnection.ReadWrite.OwnedBy\']"'

@description('The same without the Bicep extension, for the role ExternalConnection.ReadWrite.OwnedBy.')
output GRANT_GRAPH_ROLES_FALLBACK string = 'az rest --method post --url https://graph.microsoft.com/v1.0/servicePrincipals/${identity.outputs.principalId}/appRoleAssignments --body "{\\"principalId\\":\\"${identity.outputs.principalId}\\",\\"resourceId\\":\\"$(az ad sp show --id 00000003-0000-0000-c000-000000000000 --query id --output tsv)\\",\\"appRoleId\\":\\"f431331c-49a6-499f-be1c-62af19c34a9d\\"}"'
