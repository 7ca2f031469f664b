// The app on Flex Consumption: its plan, what it may not do, and every setting that it is given. Settings whose value is
// empty are left out, so that the app's own default holds.
import { opwatchSettings } from 'settings.bicep'

param name string
param planName string
param location string
param tags object
param nodeVersion string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyHttp int
param identityId string
param identityClientId string
param storageAccountName string
param deploymentContainerName string
param tableName string
param transitionsQueueName string
param sweepsQueueName string
param componentName string
param workspaceId string
param tenantId string
param settings opwatchSettings
@secure()
param notificationsClientState string
param subnetId string
param allowedAddresses string
param deploymentAddresses string

// Calls wait for storage and Graph, not for a processor. More than OPWATCH_MAX_WAITERS, so that `?wait=` never fills an
// instance; the platform's own choice for the smallest one is 4.
var httpConcurrency = 16
var shards = settings.?OPWATCH_SHARDS ?? ''
var hasOneShard = empty(shards) || shards == '1'
var encoding = settings.?OPWATCH_QUEUE_ENCODING ?? ''

var hostSettings = {
  AzureWebJobsStorage__blobServiceUri: account.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: account.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: account.properties.primaryEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  // A queue trigger looks at its queue all the time, and with one shard nothing is ever sent to it.
  'AzureWebJobs.sweepShard.Disabled': hasOneShard ? 'true' : ''
  // host.json says base64; this says it again where the app was told otherwise.
  AzureFunctionsJobHost__extensions__queues__messageEncoding: encoding == 'text' ? 'none' : ''
  APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  APPLICATION_INSIGHTS_NO_STATSBEAT: 'true'
  // 1 MiB; the app's own limits are lower.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1048576'
}
var appSettings = {
  AZURE_CLIENT_ID: identityClientId
  OPWATCH_CREDENTIAL: 'managedIdentity'
  OPWATCH_TENANT_ID: tenantId
  OPWATCH_TABLE: tableName
  OPWATCH_TRANSITIONS_QUEUE: transitionsQueueName
  OPWATCH_SWEEPS_QUEUE: sweepsQueueName
  OPWATCH_NOTIFICATIONS_CLIENT_STATE: notificationsClientState
}
var givenSettings = filter(items(union(settings, hostSettings, appSettings)), setting => !empty(setting.value))

var callers = empty(allowedAddresses) ? [] : split(replace(allowedAddresses, ' ', ''), ',')
var deployers = empty(deploymentAddresses) ? [] : split(replace(deploymentAddresses, ' ', ''), ',')

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'opwatch' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientCertEnabled: false
    sshEnabled: false
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${deploymentContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: nodeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttp == 0 ? [] : [
          {
            name: 'http'
            instanceCount: alwaysReadyHttp
          }
        ]
        triggers: {
          http: { perInstanceConcurrency: httpConcurrency }
        }
      }
    }
    siteConfig: {
      appSettings: map(givenSettings, setting => { name: setting.key, value: setting.value })
      cors: { allowedOrigins: [] }
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      remoteDebuggingEnabled: false
      scmMinTlsVersion: '1.2'
      ipSecurityRestrictionsDefaultAction: empty(callers) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: [for (address, index) in callers: {
        name: 'caller-${index}'
        action: 'Allow'
        priority: 100 + index
        ipAddress: address
      }]
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: empty(deployers) ? 'Allow' : 'Deny'
      scmIpSecurityRestrictions: [for (address, index) in deployers: {
        name: 'deployer-${index}'
        action: 'Allow'
        priority: 100 + index
        ipAddress: address
      }]
    }
  }
}

// Deploying is for identities with a role, never for a publishing password.
resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

// What the host says of itself: starts, restarts, scaling. The app's own lines go through Application Insights.
resource hostLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'host'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'FunctionAppLogs', enabled: true }
    ]
  }
}

output name string = app.name
output apiUrl string = 'https://${app.properties.defaultHostName}/api'
