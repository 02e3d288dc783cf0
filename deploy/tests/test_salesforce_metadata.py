"""The metadata of deploy/salesforce against the Metadata API: salesforce_metadata.py has the table and its sources."""

import json
import re
import unittest
import xml.etree.ElementTree as ElementTree

import salesforce_metadata as metadata
from salesforce_metadata import PLACES, PROJECT, faults, files, folder_fits, name, of_type, one, read, tag, text
from sam_template import load
from support import TEMPLATE


class MetadataTest(unittest.TestCase):
    def test_every_file_is_what_the_api_accepts(self):
        paths = files()
        self.assertGreater(len(paths), 60)
        for path in paths:
            with self.subTest(path.relative_to(PROJECT)):
                root = read(path)
                self.assertTrue(root.tag.startswith(metadata.NAMESPACE))
                self.assertIn(tag(root), PLACES)
                self.assertEqual(list(faults(root, tag(root))), [])
                self.assertTrue(folder_fits(path, tag(root)))
                # The CLI does not read a comment before the root.
                self.assertRegex(path.read_text(), r'^<\?xml version="1.0" encoding="UTF-8"\?>\n<\w')

    def test_the_table_finds_faults(self):
        def found(xml):
            xmlns = metadata.NAMESPACE.strip("{}")
            root = ElementTree.fromstring(re.sub(r"^<(\w+)", rf'<\1 xmlns="{xmlns}"', xml))
            return sorted(faults(root, tag(root)))

        self.assertEqual(
            found("<EventRelayConfig><state>GO</state><chanel>c</chanel></EventRelayConfig>"),
            [
                "EventRelayConfig has no destinationResourceName",
                "EventRelayConfig has no element chanel",
                "EventRelayConfig has no eventChannel",
                "state is GO, not one of STOP, RUN, PAUSE",
            ],
        )
        nested = "<Flow><label>x</label><processType>AutoLaunchedFlow</processType><status>Active</status>{}</Flow>"
        self.assertEqual(
            found(nested.format("<start><object><name>Order</name></object></start>")), ["start/object takes text"]
        )

    def test_files_are_named_as_their_components(self):
        for root_type in ["CustomField", "ListView"]:
            for path, root in of_type(root_type).items():
                self.assertEqual(one(root, "fullName"), name(path))
        for path in files("*.object-meta.xml"):
            self.assertEqual(name(path), metadata.object_of(path))
        for path in files("*.js-meta.xml"):
            self.assertEqual(name(path), path.parent.name)
            self.assertTrue(path.with_name(name(path) + ".js").exists())
            self.assertTrue(path.with_name(name(path) + ".html").exists())
        for path in files("*.cls-meta.xml"):
            self.assertTrue(path.with_name(name(path) + ".cls").exists())

    def test_every_source_has_its_metadata(self):
        for path in PROJECT.rglob("*.cls"):
            self.assertTrue(path.with_name(path.name + "-meta.xml").exists(), path)
        for folder in PROJECT.glob("*/lwc/*"):
            self.assertTrue((folder / f"{folder.name}.js-meta.xml").exists(), folder)

    def test_one_api_version_everywhere(self):
        project = json.loads((PROJECT / "sfdx-project.json").read_text())
        version = project["sourceApiVersion"]
        self.assertEqual("v" + version, load(TEMPLATE)["Parameters"]["SfApiVersion"]["Default"])
        for path in files():
            for found in text(read(path), "apiVersion"):
                self.assertEqual(found, version, path)

    def test_the_project_has_the_packages_in_order(self):
        project = json.loads((PROJECT / "sfdx-project.json").read_text())
        self.assertEqual([entry["path"] for entry in project["packageDirectories"]], metadata.PACKAGES)
        for entry in metadata.PACKAGES:
            self.assertTrue((PROJECT / entry).is_dir())

    def test_replacements_replace_something(self):
        project = json.loads((PROJECT / "sfdx-project.json").read_text())
        for replacement in project["replacements"]:
            with self.subTest(replacement["stringToReplace"]):
                content = (PROJECT / replacement["filename"]).read_text()
                self.assertEqual(content.count(replacement["stringToReplace"]), 1)
                self.assertEqual(len({"replaceWithEnv", "replaceWithFile"} & set(replacement)), 1)

    def test_no_secret_and_nothing_of_one_org_is_metadata(self):
        for path in files():
            content = path.read_text()
            self.assertNotRegex(content, r"-----BEGIN|00D[A-Za-z0-9]{12}|0YL[A-Za-z0-9]{12}|\b\d{12}\b", path)
            self.assertNotRegex(content, "<(password|consumerSecret|consumerKey|oauthToken|orgScopedExternalApp)>")
        for root in of_type("ExternalCredential").values():
            self.assertNotIn("AuthParameter", text(root, "externalCredentialParameters/parameterType"))

    def test_texts_fit(self):
        # Salesforce's limits, in characters.
        for root in of_type("CustomField").values():
            self.assertLessEqual(len(one(root, "label")), 40)
            self.assertLessEqual(len(one(root, "inlineHelpText") or ""), 510)
        for root in of_type("CustomLabels").values():
            self.assertTrue(all(len(value) <= 1000 for value in text(root, "labels/value")))
            self.assertTrue(all(len(value) <= 80 for value in text(root, "labels/shortDescription")))
        for path, root in of_type("PermissionSet").items():
            self.assertLessEqual(len(one(root, "description")), 255, path)
        for path in files():
            limit = 40 if tag(read(path)) in {"ApexClass", "CustomField", "CustomObject"} else 80
            self.assertLessEqual(len(re.sub("__(c|e|mdt)$", "", name(path))), limit, path)

    def test_the_relay_is_created_stopped_and_loses_nothing(self):
        (root,) = of_type("EventRelayConfig").values()
        self.assertEqual(one(root, "state"), "STOP")
        self.assertEqual(json.loads(one(root, "relayOption")), {"ReplayRecovery": "EARLIEST"})
        credentials = {name(path): root for path, root in of_type("NamedCredential").items()}
        credential = credentials[one(root, "destinationResourceName").removeprefix("callout:")]
        self.assertEqual(one(credential, "namedCredentialType"), "Legacy")
        self.assertRegex(one(credential, "endpoint"), "^arn:aws:[A-Z-]+:[A-Z-]+$")

    def test_the_relay_can_be_left_out_of_a_deployment(self):
        # Deployed again it would stop.
        apart = {tag(read(path)) for path in files() if "relay" in path.relative_to(PROJECT).parts}
        self.assertEqual(apart, {"EventRelayConfig", "NamedCredential"})
        self.assertEqual([path for path in of_type("EventRelayConfig") if "relay" not in path.parts], [])

    def test_events_are_published_after_the_commit_and_carry_ids_only(self):
        event = "OrderProvisionRequested__e"
        (root,) = [root for path, root in of_type("CustomObject").items() if name(path) == event]
        self.assertEqual(one(root, "publishBehavior"), "PublishAfterCommit")
        fields = {
            name(path): root for path, root in of_type("CustomField").items() if metadata.object_of(path) == event
        }
        self.assertEqual(
            {field: one(root, "required") for field, root in fields.items()},
            {
                "OrderId__c": "true",
                "IdemKey__c": "false",
                "CorrelationId__c": "false",
                "RequestedBy__c": "false",
                "Version__c": "false",
            },
        )

    def test_the_flow_is_active_and_names_no_status(self):
        ((_, flow),) = of_type("Flow").items()
        self.assertEqual(one(flow, "status"), "Active")
        self.assertEqual(one(flow, "start/object"), "Order")
        self.assertEqual(one(flow, "start/filterFormula"), "OR(ISNEW(), ISCHANGED({!$Record.Status}))")
        self.assertEqual(text(flow, "actionCalls/inputParameters/value/stringValue"), [])
        names = text(flow, "actionCalls/name") + text(flow, "customErrors/name")
        for target in text(flow, "start/connector/targetReference") + text(
            flow, "actionCalls/faultConnector/targetReference"
        ):
            self.assertIn(target, names)
        ((_, settings),) = of_type("FlowSettings").items()
        self.assertEqual(one(settings, "enableFlowDeployAsActiveEnabled"), "true")
        # The org's own statuses are its admin's to enter.
        self.assertEqual(files("Provisionable_Status.*"), [])


if __name__ == "__main__":
    unittest.main()
