"""What the Metadata API accepts, as far as deploy/salesforce uses it, and the project's files by it.

Sources of the table:
- [J] the WSDL of the Metadata API, as jsforce 3 has it in src/api/metadata/schema.ts;
- [G] the pages of the Metadata API Developer Guide, version 66 and 67, named as the types; what [J] lacks.

A type's elements: `name` is text, `name:Type` another type of the table, `name=A|B` an enumeration, `name?` true or
false. Enumerations have the values that the project may use; the guide has more.
"""

import pathlib
import xml.etree.ElementTree as ElementTree

from support import DEPLOY

PROJECT = DEPLOY / "salesforce"
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
PACKAGES = ["fields", "signed-door", "event-door", "token-app"]

# Root type → folder of a package and suffix, as in the registry of the Salesforce CLI (source-deploy-retrieve,
# metadataRegistry.json); `*` is the own folder of an object or a component.
PLACES = {
    "ApexClass": ("classes", "cls-meta.xml"),
    "CustomField": ("objects/*/fields", "field-meta.xml"),
    "CustomLabels": ("labels", "labels-meta.xml"),
    "CustomMetadata": ("customMetadata", "md-meta.xml"),
    "CustomObject": ("objects/*", "object-meta.xml"),
    "CustomPermission": ("customPermissions", "customPermission-meta.xml"),
    "EventRelayConfig": ("eventRelays", "eventRelay-meta.xml"),
    "ExternalClientApplication": ("externalClientApps", "eca-meta.xml"),
    "ExternalCredential": ("externalCredentials", "externalCredential-meta.xml"),
    "ExtlClntAppGlobalOauthSettings": ("extlClntAppGlobalOauthSets", "ecaGlblOauth-meta.xml"),
    "ExtlClntAppOauthSettings": ("extlClntAppOauthSettings", "ecaOauth-meta.xml"),
    "Flow": ("flows", "flow-meta.xml"),
    "FlowSettings": ("settings", "settings-meta.xml"),
    "LightningComponentBundle": ("lwc/*", "js-meta.xml"),
    "ListView": ("objects/*/listViews", "listView-meta.xml"),
    "NamedCredential": ("namedCredentials", "namedCredential-meta.xml"),
    "PermissionSet": ("permissionsets", "permissionset-meta.xml"),
    "PlatformEventChannel": ("platformEventChannels", "platformEventChannel-meta.xml"),
    "PlatformEventChannelMember": ("platformEventChannelMembers", "platformEventChannelMember-meta.xml"),
    "QuickAction": ("quickActions", "quickAction-meta.xml"),
    "ReportType": ("reportTypes", "reportType-meta.xml"),
}

TYPES = {
    # [J]
    "ApexClass": "apiVersion status=Active",
    "CustomField": """fullName caseSensitive? deleteConstraint=SetNull|Cascade|Restrict description externalId?
        fieldManageability=DeveloperControlled|SubscriberControlled|Locked formula
        formulaTreatBlanksAs=BlankAsBlank|BlankAsZero inlineHelpText isFilteringDisabled? isNameField?
        isSortingDisabled? label length precision referenceTo relationshipLabel relationshipName required? scale
        trackHistory? type=Text|Number|DateTime|Picklist|Lookup|Url|AutoNumber unique? valueSet:ValueSet""",
    "ValueSet": "restricted? valueSetDefinition:ValueSetValuesDefinition",
    "ValueSetValuesDefinition": "sorted? value:CustomValue",
    "CustomValue": "fullName default? label",
    "CustomLabels": "labels:CustomLabel",
    "CustomLabel": "fullName categories language=en_US protected? shortDescription value",
    "CustomMetadata": "label protected? values:CustomMetadataValue",
    "CustomMetadataValue": "field value",
    "CustomObject": """deploymentStatus=Deployed|InDevelopment description enableActivities? enableHistory?
        enableReports? enableSearch? eventType=HighVolume|StandardVolume externalSharingModel=Private|Read|ReadWrite
        label nameField:NameField pluralLabel publishBehavior=PublishAfterCommit|PublishImmediately
        sharingModel=Private|Read|ReadWrite|ControlledByParent visibility=Public|Protected|PackageProtected""",
    "NameField": "displayFormat label type=AutoNumber|Text",
    "CustomPermission": "description label",
    "ListView": "fullName columns filterScope=Everything|Mine filters:ListViewFilter label",
    "ListViewFilter": """field value
        operation=equals|notEqual|lessThan|greaterThan|lessOrEqual|greaterOrEqual|contains|notContain|startsWith""",
    "PermissionSet": """classAccesses:ClassAccess customPermissions:Permission description
        externalCredentialPrincipalAccesses:PrincipalAccess fieldPermissions:FieldPermission hasActivationRequired?
        label objectPermissions:ObjectPermission userPermissions:Permission""",
    "ClassAccess": "apexClass enabled?",
    "Permission": "enabled? name",
    "FieldPermission": "editable? field readable?",
    "ObjectPermission": """allowCreate? allowDelete? allowEdit? allowRead? modifyAllRecords? object
        viewAllRecords?""",
    "ReportType": """baseObject deployed? description label sections:ReportSection
        category=accounts|opportunities|forecasts|cases|leads|campaigns|activities|busop|products|admin|other""",
    "ReportSection": "columns:ReportColumn masterLabel",
    "ReportColumn": "checkedByDefault? field table",
    # [J], and lightningWebComponent, actionSubtype of [G]
    "QuickAction": """actionSubtype=Action|ScreenAction label lightningWebComponent optionsCreateFeedItem?
        type=LightningWebComponent""",
    "LightningComponentBundle": """apiVersion description isExposed? masterLabel targets:Targets
        targetConfigs:TargetConfigs""",
    "Targets": "target=lightning__RecordPage|lightning__RecordAction",
    "TargetConfigs": "targetConfig:TargetConfig",
    "TargetConfig": "objects:TargetObjects actionType=Action|ScreenAction",
    "TargetObjects": "object",
    # [J], and customErrors, filterFormula, recordTriggerType, apiVersion of [G]
    "Flow": """actionCalls:FlowActionCall apiVersion customErrors:FlowCustomError description interviewLabel label
        processType=AutoLaunchedFlow start:FlowStart status=Active|Draft""",
    "FlowActionCall": """name label locationX locationY actionName actionType=apex connector:FlowConnector
        faultConnector:FlowConnector inputParameters:FlowInputParameter""",
    "FlowConnector": "targetReference",
    "FlowInputParameter": "name value:FlowValue",
    "FlowValue": "elementReference stringValue",
    "FlowCustomError": "name label locationX locationY customErrorMessages:FlowCustomErrorMessage",
    "FlowCustomErrorMessage": "errorMessage isFieldError? fieldSelection",
    "FlowStart": """locationX locationY connector:FlowConnector filterFormula object
        recordTriggerType=Create|Update|CreateAndUpdate|Delete triggerType=RecordAfterSave|RecordBeforeSave""",
    "FlowSettings": "enableFlowDeployAsActiveEnabled?",
    # [G]
    "PlatformEventChannel": "channelType=event|data eventType=custom|data|monitoring label",
    "PlatformEventChannelMember": "eventChannel filterExpression selectedEntity",
    "EventRelayConfig": "destinationResourceName eventChannel label relayOption state=STOP|RUN|PAUSE",
    "NamedCredential": """allowMergeFieldsInBody? allowMergeFieldsInHeader? calloutStatus=Enabled|Disabled endpoint
        generateAuthorizationHeader? label namedCredentialParameters:NamedCredentialParameter
        namedCredentialType=Legacy|SecuredEndpoint|PrivateEndpoint principalType=Anonymous|NamedUser|PerUser
        protocol=NoAuthentication|AwsSv4|Jwt|JwtExchange|Oauth|Password""",
    "NamedCredentialParameter": """description externalCredential parameterName parameterValue
        parameterType=Url|Authentication|HttpHeader|ClientCertificate""",
    "ExternalCredential": """authenticationProtocol=Custom|Basic|Oauth|AwsSv4 description label
        externalCredentialParameters:ExternalCredentialParameter""",
    "ExternalCredentialParameter": """description parameterGroup parameterName parameterValue sequenceNumber
        parameterType=AuthHeader|AuthParameter|NamedPrincipal|PerUserPrincipal""",
    "PrincipalAccess": "enabled? externalCredentialPrincipal",
    "ExternalClientApplication": "contactEmail description distributionState=Local|Packaged isProtected? label",
    "ExtlClntAppGlobalOauthSettings": """callbackUrl certificate externalClientApplication isConsumerSecretOptional?
        isIntrospectAllTokens? isPkceRequired? isSecretRequiredForRefreshToken? label""",
    "ExtlClntAppOauthSettings": "commaSeparatedOauthScopes externalClientApplication label",
}

# The elements that the API wants, by the same sources: [J] has them without a question mark.
REQUIRED = {
    "CustomLabel": "fullName language protected shortDescription value",
    "CustomMetadata": "label",
    "EventRelayConfig": "destinationResourceName eventChannel",
    "ExternalClientApplication": "contactEmail label",
    "ExternalCredential": "authenticationProtocol label",
    "ExtlClntAppGlobalOauthSettings": "externalClientApplication",
    "ExtlClntAppOauthSettings": "externalClientApplication",
    "Flow": "label processType status",
    "FlowActionCall": "name label actionName actionType locationX locationY",
    "ListView": "fullName filterScope label",
    "NamedCredential": "label",
    "ObjectPermission": "allowCreate allowDelete allowEdit allowRead modifyAllRecords object viewAllRecords",
    "PermissionSet": "label",
    "PlatformEventChannel": "channelType label",
    "PlatformEventChannelMember": "eventChannel selectedEntity",
    "QuickAction": "label optionsCreateFeedItem type",
    "ReportType": "baseObject category deployed label",
}


def files(pattern="*-meta.xml"):
    return sorted(path for path in PROJECT.rglob(pattern) if ".sf" not in path.parts and ".sfdx" not in path.parts)


def package(path):
    return path.relative_to(PROJECT).parts[0]


def read(path):
    """The root element."""
    return ElementTree.parse(path).getroot()


def tag(element):
    return element.tag.removeprefix(NAMESPACE)


def text(element, path):
    """The text of each descendant at `path`, such as `filters/field`."""
    return [found.text for found in element.findall("/".join(NAMESPACE + part for part in path.split("/")))]


def one(element, path):
    found = text(element, path)
    return found[0] if found else None


def of_type(root_type):
    """Path → root element of every file of the type."""
    suffix = PLACES[root_type][1]
    return {path: read(path) for path in files(f"*.{suffix}")}


def name(path):
    """A component's name: its file's, without the suffix of its type."""
    return path.name.removesuffix("-meta.xml").rpartition(".")[0]


def object_of(path):
    """The object whose folder a field or list view is in."""
    return path.parts[path.parts.index("objects") + 1]


def elements(type_name):
    """Element → (nested type or None, allowed values or None)."""
    table = {}
    for word in TYPES[type_name].split():
        if ":" in word:
            element, nested = word.split(":")
            table[element] = (nested, None)
        elif "=" in word:
            element, values = word.split("=")
            table[element] = (None, values.split("|"))
        elif word.endswith("?"):
            table[word[:-1]] = (None, ["true", "false"])
        else:
            table[word] = (None, None)
    return table


def faults(element, type_name, where=""):
    """What of an element the API would refuse."""
    table = elements(type_name)
    present = {tag(child) for child in element}
    for missing in set(REQUIRED.get(type_name, "").split()) - present:
        yield f"{where}{type_name} has no {missing}"
    for child in element:
        child_name = tag(child)
        if child_name not in table:
            yield f"{where}{type_name} has no element {child_name}"
            continue
        nested, values = table[child_name]
        if nested:
            yield from faults(child, nested, f"{where}{child_name}/")
        elif len(child) > 0:
            yield f"{where}{child_name} takes text"
        elif values is not None and child.text not in values:
            yield f"{where}{child_name} is {child.text}, not one of {', '.join(values)}"


def folder_fits(path, root_type):
    folder, suffix = PLACES[root_type]
    inside = path.relative_to(PROJECT / package(path)).parent.parts
    # The relay stands apart, because it must not be deployed twice.
    inside = inside[1:] if package(path) == "event-door" and inside[0] in {"event", "relay"} else inside
    return (
        path.name.endswith("." + suffix)
        and pathlib.PurePath(*inside).match(folder)
        and len(inside) == len(folder.split("/"))
    )
