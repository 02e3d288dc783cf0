"""The sources of deploy/salesforce parse, and every name in them and in the metadata exists where it may be used."""

import re
import unittest

import salesforce_metadata as metadata
from salesforce_metadata import PROJECT, files, name, object_of, of_type, one, package, read, tag, text
from salesforce_source import (
    classes,
    formulas,
    labels,
    nodes,
    parse,
    parse_formula,
    scripts,
    syntax_errors,
    templates,
    value,
    words,
)
from support import ROOT

# What Salesforce has by itself, as far as the sources use it.
STANDARD_CLASSES = words(
    """
    Account AggregateResult Assert AuraHandledException Boolean CalloutException Crypto Database Date Datetime
    Decimal DmlException EncodingUtil EventBus Exception FeatureManagement Finalizer FinalizerContext Http
    HttpCalloutMock HttpRequest HttpResponse Id Integer JSON Label Limits List Map Math Object Order
    ParentJobResult PermissionSet PermissionSetAssignment Profile Queueable QueueableContext Schema Set
    StatusCode String System Test Type UUID User UserInfo
    """
)
# The Apex Developer Guide's page "Reserved Keywords".
RESERVED = words(
    """
    abstract activate and any array as asc autonomous begin bigdecimal blob boolean break bulk by byte case cast
    catch char class collect commit const continue currency date datetime decimal default delete desc do double
    else end enum exception exit export extends false final finally float for from global goto group having hint
    if implements import in inner insert instanceof int integer interface into join like limit list long loop
    map merge new not null nulls number object of on or outer override package parallel pragma private protected
    public retrieve return rollback select set short sobject sort static string super switch synchronized system
    testmethod then this throw time transaction trigger true try undelete update upsert using virtual void
    webservice when where while
    """
)
STANDARD_OBJECTS = {"Account", "Order", "OrderItem", "Product2", "Pricebook2", "UserExternalCredential"}
FUNCTIONS = words("AND BLOB CASE HEX HMAC IF ISBLANK ISCHANGED ISNEW OR")
MODULES = {"lwc", "lightning/uiRecordApi", "lightning/platformShowToastEvent"}
BASE_COMPONENTS = words(
    """
    lightning-button lightning-card lightning-formatted-date-time lightning-progress-indicator
    lightning-progress-step lightning-spinner
    """
)


def fields():
    """`Object.Field__c` → package."""
    return {f"{object_of(path)}.{name(path)}": package(path) for path in of_type("CustomField")}


def custom_names():
    """Every custom field, object, channel and member → packages."""
    found = {}
    for path in files("*.field-meta.xml") + files("*.object-meta.xml") + files("*.platformEventChannel-meta.xml"):
        found.setdefault(name(path), set()).add(package(path))
    return found


def mentions(pattern, paths):
    for path in paths:
        for found in re.finditer(pattern, path.read_text()):
            yield path, found[1]


def everything():
    return [path for path in PROJECT.rglob("*") if path.is_file() and package(path) in metadata.PACKAGES]


def may_use(user, owner):
    """A package may use itself and the fields. The token's app stands alone, and names no other."""
    return owner == user or (owner == "fields" and user != "token-app")


class SyntaxTest(unittest.TestCase):
    def test_apex_parses(self):
        self.assertGreater(len(classes()), 12)
        for path, source in classes().items():
            self.assertEqual(list(syntax_errors(parse("apex", source))), [], path.name)

    def test_components_parse(self):
        for path, source in scripts().items():
            self.assertEqual(list(syntax_errors(parse("javascript", source))), [], path.name)
        for path, source in templates().items():
            # Unlike HTML, the templates of components have expressions without quotes, which end at a space.
            quoted = re.sub(r"=(\{[\w.]+\})", r'="\1"', source)
            self.assertEqual(list(syntax_errors(parse("html", quoted))), [], path.name)

    def test_formulas_parse(self):
        self.assertEqual(len(formulas()), 3)
        for where, formula in formulas().items():
            root = parse_formula(formula)
            self.assertEqual(list(syntax_errors(root)), [], where)
            called = {value(call.child_by_field_name("function")) for call in nodes(root, "call_expression")}
            self.assertTrue(called and called <= FUNCTIONS, f"{where}: {called - FUNCTIONS}")

    def test_the_grammars_find_faults(self):
        self.assertTrue(list(syntax_errors(parse("apex", "class A { void m() { return 1 } }"))))
        self.assertTrue(list(syntax_errors(parse("javascript", "export class { get a( {} }"))))
        self.assertTrue(list(syntax_errors(parse_formula("HEX(HMAC('SHA-256', a)"))))


class ApexTest(unittest.TestCase):
    def test_every_class_exists(self):
        own = {path.stem for path in classes()}
        for path, source in classes().items():
            root = parse("apex", source)
            declared = {
                value(node.child_by_field_name("name"))
                for node in nodes(root, "class_declaration", "interface_declaration", "enum_declaration")
            }
            constants = set(re.findall(r"static final [\w.<>, ]+ ([A-Z_]+)\b", source))
            used = {value(node) for node in nodes(root, "type_identifier")}
            for access in nodes(root, "field_access", "method_invocation"):
                target = access.child_by_field_name("object")
                if target is not None and target.type == "identifier" and value(target)[0].isupper():
                    used.add(value(target))
            unknown = {word for word in used if not word.endswith(("__c", "__mdt", "__e"))}
            unknown -= own | declared | constants | STANDARD_CLASSES
            # Enumerations and inner classes of other classes: `SignedAnswer.Verdict`.
            unknown = {word for word in unknown if not re.search(rf"\b\w+\.{word}\b", source)}
            self.assertEqual(unknown, set(), path.name)

    def test_classes_are_of_the_own_package_or_of_the_fields(self):
        owners = {path.stem: package(path) for path in classes()}
        for path, source in classes().items():
            for used in set(re.findall(r"\w+", source)) & set(owners):
                self.assertTrue(may_use(package(path), owners[used]), f"{path.name}: {used}")

    def test_methods_of_own_classes_exist(self):
        own = {path.stem: source for path, source in classes().items()}
        for path, source in classes().items():
            for target, member in re.findall(
                r"\b([A-Z]\w+)\.(\w+)", re.sub(r"'(\\.|[^'\\])*'|/\*.*?\*/|//.*", "", source, flags=re.S)
            ):
                if target in own:
                    self.assertRegex(own[target], rf"\b{member}\b", f"{path.name}: {target}.{member}")

    def test_no_name_is_a_reserved_word(self):
        for path, source in classes().items():
            root = parse("apex", source)
            declarations = nodes(root, "variable_declarator", "formal_parameter", "method_declaration")
            for declared in declarations:
                self.assertNotIn(value(declared.child_by_field_name("name")).lower(), RESERVED, path.name)

    def test_no_variable_hides_a_class(self):
        # Apex ignores case: in the scope of a variable `kind`, `Kind.ACCEPTED` is a member of the variable.
        for path, source in classes().items():
            root = parse("apex", source)
            variables = {
                value(node.child_by_field_name("name")).lower()
                for node in nodes(root, "variable_declarator", "formal_parameter", "enhanced_for_statement")
                if node.child_by_field_name("name") is not None
            }
            for access in nodes(root, "field_access", "method_invocation"):
                target = access.child_by_field_name("object")
                if target is not None and target.type == "identifier" and value(target)[0].isupper():
                    if value(target).isupper():
                        continue
                    self.assertNotIn(value(target).lower(), variables, f"{path.name}: {value(access)[:60]}")

    def test_fields_belong_to_their_objects(self):
        known = fields()
        for path, source in classes().items():
            root = parse("apex", source)
            for query in nodes(root, "soql_query_body"):
                (source_object,) = {value(node) for node in nodes(query, "storage_identifier")}
                for field in re.findall(r"\b\w+__c\b", re.sub(r":[\w.]+", "", value(query))):
                    if field != source_object:
                        self.assertIn(f"{source_object}.{field}", known, path.name)
            for created in re.finditer(r"new (\w+)\(\s*((?:\w+__c|Id)\s*=.*?)\)\s*[;,)]", source, re.S):
                for field in re.findall(r"\b(\w+__c)\s*=[^=]", created[2]):
                    self.assertIn(f"{created[1]}.{field}", known, path.name)

    def test_data_access_says_in_whose_name(self):
        # From version 67 on Apex has another default.
        for path, source in classes().items():
            if "@IsTest" in source:
                continue
            root = parse("apex", source)
            for query in nodes(root, "soql_query_body"):
                self.assertRegex(value(query), "WITH (SYSTEM|USER)_MODE", path.name)
            for statement in nodes(root, "dml_expression"):
                self.assertRegex(value(statement), r"^\w+ as (system|user)\b", path.name)
            declared = r"public (with|without) sharing class|public interface|extends Exception"
            self.assertRegex(source, declared, path.name)

    def test_every_class_is_tested(self):
        tests = "".join(source for path, source in classes().items() if "@IsTest" in source)
        for path, source in classes().items():
            if not re.search("@IsTest|public interface|extends Exception", source):
                self.assertIn(path.stem, tests)

    def test_timestamps_are_utc(self):
        for path, source in classes().items():
            self.assertNotRegex(source, r"\.format\('", path.name)


class NamesTest(unittest.TestCase):
    def test_every_custom_name_exists_where_it_may_be_used(self):
        known = custom_names()
        documents = [ROOT / "deploy/salesforce/README.md", ROOT / "deploy/salesforce/refresh-sandbox"]
        for path, found in mentions(r"\b(\w+__(?:c|mdt|e|chn))\b", everything() + [d for d in documents if d.exists()]):
            # Relationship fields of custom metadata and of the documents' examples have their own rules.
            self.assertIn(found, known, path)
            if path not in documents:
                self.assertTrue(any(may_use(package(path), owner) for owner in known[found]), f"{path}: {found}")

    def test_permissions_are_of_existing_fields_objects_and_classes(self):
        known, owners = fields(), custom_names()
        class_owners = {path.stem: package(path) for path in classes()}
        for path, root in of_type("PermissionSet").items():
            for field in text(root, "fieldPermissions/field"):
                self.assertIn(field, known)
                # Salesforce does not take permissions of required fields.
                (definition,) = files(f"{field.partition('.')[2]}.field-meta.xml")
                self.assertNotEqual(one(read(definition), "required"), "true", field)
                self.assertTrue(may_use(package(path), known[field]))
            for found in text(root, "objectPermissions/object"):
                self.assertIn(found, STANDARD_OBJECTS | set(owners))
            for found in text(root, "classAccesses/apexClass"):
                self.assertTrue(may_use(package(path), class_owners[found]))
            for found in text(root, "customPermissions/name"):
                self.assertTrue(files(f"{found}.customPermission-meta.xml"))

    def test_formula_fields_are_read_only(self):
        formula_fields = {
            f"{object_of(p)}.{name(p)}" for p, root in of_type("CustomField").items() if one(root, "formula")
        }
        self.assertTrue(formula_fields)
        for path, root in of_type("PermissionSet").items():
            for granted in root.findall(metadata.NAMESPACE + "fieldPermissions"):
                if one(granted, "field") in formula_fields:
                    self.assertEqual(one(granted, "editable"), "false", path)

    def test_views_and_reports_show_existing_fields(self):
        known = fields()
        for path, root in of_type("ListView").items():
            for found in text(root, "columns") + text(root, "filters/field"):
                if found.endswith("__c"):
                    self.assertIn(f"{object_of(path)}.{found}", known)
            field = one(root, "filters/field")
            values = text(read(files(f"{field}.field-meta.xml")[0]), "valueSet/valueSetDefinition/value/fullName")
            self.assertIn(one(root, "filters/value"), values)
        for root in of_type("ReportType").values():
            for column in root.iter(metadata.NAMESPACE + "columns"):
                if one(column, "field").endswith("__c"):
                    self.assertIn(f"{one(column, 'table')}.{one(column, 'field')}", known)

    def test_labels_exist_and_are_used(self):
        known = {label: owner for owner, texts in labels().items() for label in texts}
        self.assertEqual(len(known), sum(len(texts) for texts in labels().values()))
        used = set()
        for path, label in mentions(r"(?:\bLabel|@salesforce/label/c)\.(\w+)", everything()):
            self.assertIn(label, known, path)
            self.assertTrue(may_use(package(path), known[label]), f"{path}: {label}")
            used.add(label)
        self.assertEqual(set(known) - used, set())

    def test_labels_have_the_values_that_apex_gives_them(self):
        texts = {label: content for found in labels().values() for label, content in found.items()}
        apex = "".join(classes().values())
        for label, content in texts.items():
            # String.format ends a text at an apostrophe.
            if "{" in content:
                self.assertNotIn("'", content)
                self.assertRegex(apex, rf"(String\.format|refused)\(\s*Label\.{label},")

    def test_credentials_name_each_other(self):
        external = {name(path): root for path, root in of_type("ExternalCredential").items()}
        named = {name(path): root for path, root in of_type("NamedCredential").items()}
        for root in named.values():
            for found in text(root, "namedCredentialParameters/externalCredential"):
                self.assertIn(found, external)
        for path, found in mentions(r"callout:(\w+)", everything()):
            self.assertIn(found, named, path)
        for credential, root in external.items():
            principals = [
                one(parameter, "parameterName")
                for parameter in root.findall(metadata.NAMESPACE + "externalCredentialParameters")
                if one(parameter, "parameterType") == "NamedPrincipal"
            ]
            for formula in text(root, "externalCredentialParameters/parameterValue"):
                self.assertEqual(set(re.findall(r"\$Credential\.(\w+)\.", formula)), {credential})
            granted = [
                found
                for permissions in of_type("PermissionSet").values()
                for found in text(permissions, "externalCredentialPrincipalAccesses/externalCredentialPrincipal")
            ]
            self.assertEqual(granted, [f"{credential}-{principal}" for principal in principals])

    def test_the_parts_of_the_token_s_app_name_each_other(self):
        ((app, _),) = of_type("ExternalClientApplication").items()
        for part in ["ExtlClntAppGlobalOauthSettings", "ExtlClntAppOauthSettings"]:
            ((path, root),) = of_type(part).items()
            self.assertEqual(one(root, "externalClientApplication"), name(app))
            self.assertTrue(name(path).startswith(name(app) + "_"))

    def test_somebody_may_edit_every_field_that_people_fill(self):
        # Salesforce gives new fields to nobody, not even to admins.
        editable = {
            one(granted, "field")
            for root in of_type("PermissionSet").values()
            for granted in root.findall(metadata.NAMESPACE + "fieldPermissions")
            if one(granted, "editable") == "true"
        }
        readable = {
            found for root in of_type("PermissionSet").values() for found in text(root, "fieldPermissions/field")
        }
        for path, root in of_type("CustomField").items():
            field = f"{object_of(path)}.{name(path)}"
            if object_of(path).endswith(("__mdt", "__e")):
                continue
            self.assertIn(field, readable)
            if not one(root, "formula") and not object_of(path).endswith("__c"):
                self.assertIn(field, editable)

    def test_who_may_call_out_may_read_user_external_credentials(self):
        for root in of_type("PermissionSet").values():
            if text(root, "externalCredentialPrincipalAccesses/externalCredentialPrincipal"):
                self.assertIn("UserExternalCredential", text(root, "objectPermissions/object"))

    def test_channel_member_and_relay_name_each_other(self):
        ((channel, _),) = of_type("PlatformEventChannel").items()
        ((member_path, member),) = of_type("PlatformEventChannelMember").items()
        (relay,) = of_type("EventRelayConfig").values()
        self.assertEqual(one(member, "eventChannel"), name(channel))
        self.assertEqual(one(relay, "eventChannel"), name(channel))
        self.assertTrue(files(f"{one(member, 'selectedEntity')}.object-meta.xml"))
        expected = f"{name(channel)}_{one(member, 'selectedEntity')}".replace("__", "_")
        self.assertEqual(name(member_path), expected)

    def test_doors_are_classes_that_implement_the_interface(self):
        sources = {path.stem: (package(path), source) for path, source in classes().items()}
        doors = of_type("CustomMetadata")
        self.assertEqual(len(doors), 2)
        for path, root in doors.items():
            values = dict(zip(text(root, "values/field"), text(root, "values/value"), strict=True))
            owner, source = sources[values["Apex_Class__c"]]
            self.assertEqual(owner, package(path))
            self.assertRegex(source, r"class \w+ implements ProvisioningDoor")
            kind, _, record = name(path).partition(".")
            self.assertTrue(record)
            self.assertTrue(files(f"{kind}__mdt.object-meta.xml"))
            self.assertLessEqual(
                set(values), {name(p) for p in of_type("CustomField") if object_of(p) == kind + "__mdt"}
            )

    def test_the_flow_calls_an_invocable_class(self):
        (flow,) = of_type("Flow").values()
        (source,) = [source for path, source in classes().items() if path.stem == one(flow, "actionCalls/actionName")]
        self.assertEqual(len(re.findall("@InvocableMethod", source)), 1)
        variables = re.findall(r"@InvocableVariable\([^)]*\)\s+public \w+ (\w+);", source)
        self.assertEqual(text(flow, "actionCalls/inputParameters/name"), variables)


class ComponentTest(unittest.TestCase):
    def test_imports_exist(self):
        methods = {
            f"{path.stem}.{method}": package(path)
            for path, source in classes().items()
            for method in re.findall(r"@AuraEnabled\s+public static [\w.]+ (\w+)\(", source)
        }
        known = fields()
        for path, source in scripts().items():
            for target in re.findall(r"from '([^']+)'", source):
                kind, _, what = target.partition("/")
                if target.startswith("./"):
                    self.assertTrue((path.parent / f"{target}.js").exists(), target)
                elif target.startswith("@salesforce/apex/"):
                    self.assertTrue(may_use(package(path), methods[target.rpartition("/")[2]]), target)
                elif target.startswith("@salesforce/schema/"):
                    self.assertTrue(may_use(package(path), known[target.rpartition("/")[2]]), target)
                elif not target.startswith("@salesforce/label/c."):
                    self.assertIn(target, MODULES)

    def test_apex_gets_the_parameters_that_it_has(self):
        (controller,) = [source for path, source in classes().items() if path.stem == "ProvisioningController"]
        for path, source in scripts().items():
            for local, imported in re.findall(
                r"import (\w+) from '@salesforce/apex/ProvisioningController\.(\w+)'", source
            ):
                parameters = re.search(rf"public static [\w.]+ {imported}\(([^)]*)\)", controller)[1]
                expected = {parameter.split()[1] for parameter in parameters.split(",")}
                for passed in re.findall(rf"\b{local}\(\{{([^}}]*)\}}\)", source):
                    self.assertEqual({pair.split(":")[0].strip() for pair in passed.split(",")}, expected, path.name)

    def test_what_a_view_is_read_for_is_in_it(self):
        (source,) = [source for path, source in classes().items() if path.stem == "ProvisioningController"]
        offered = set(re.findall(r"@AuraEnabled\s+public \w+ (\w+) \{ get; set; \}", source))
        used = {
            found
            for source in [*scripts().values(), *templates().values()]
            for found in re.findall(r"\bview\.(\w+)", source)
        }
        self.assertEqual(used, offered)

    def test_templates_show_what_the_component_has(self):
        for path, template in templates().items():
            script = path.with_suffix(".js").read_text()
            members = set(re.findall(r"(?m)^    (?:get |async )?(\w+)(?:\(| =|;)", script)) | {"step"}
            for expression in re.findall(r"\{([\w.]+)\}", template):
                first, *rest = expression.split(".")
                self.assertIn(first, members, f"{path.name}: {expression}")
                if first == "labels":
                    exported = path.with_name("labels.js").read_text()
                    block = re.search(r"export const LABELS = \{(.*?)\}", exported, re.S)[1]
                    self.assertIn(rest[0], re.findall(r"\w+", block))
            for component in set(re.findall(r"<(lightning-[\w-]+|c-[\w-]+)", template)):
                self.assertIn(component, BASE_COMPONENTS)

    def test_components_are_accessible(self):
        (template,) = [source for path, source in templates().items() if "<lightning-card" in source]
        # A change of the status is read aloud, an icon or spinner has a text, a link says where it opens.
        self.assertIn('role="status"', template)
        self.assertIn("alternative-text={labels.loading}", template)
        self.assertIn('rel="noopener"', template)
        visible = re.sub(r"<!--.*?-->|<[^>]+>|\{[^}]+\}", "", template)
        self.assertEqual(visible.replace(":", "").strip(), "", "every text is a label")
        self.assertNotRegex(template, r'\b(label|title|alternative-text)="')

    def test_the_quick_action_is_headless(self):
        ((path, action),) = of_type("QuickAction").items()
        component = one(action, "lightningWebComponent")
        self.assertEqual(one(action, "actionSubtype"), "Action")
        self.assertEqual(name(path), "Order.Provision_in_WHMCS")
        (bundle,) = files(f"{component}.js-meta.xml")
        root = read(bundle)
        self.assertEqual(text(root, "targets/target"), ["lightning__RecordAction"])
        self.assertEqual(text(root, "targetConfigs/targetConfig/actionType"), ["Action"])
        self.assertRegex(bundle.with_name(f"{component}.js").read_text(), r"@api\s+async invoke\(\)")

    def test_no_page_or_layout_is_overwritten(self):
        self.assertEqual(files("*.flexipage-meta.xml") + files("*.layout-meta.xml") + files("*.profile-meta.xml"), [])
        self.assertFalse([path for path in files() if tag(read(path)) == "StandardValueSet"])


if __name__ == "__main__":
    unittest.main()
