"""Calls in Apex: the method exists, takes so many arguments, and may be called from there."""

import unittest

from salesforce_source import classes, nodes, parse, value, words

# Methods of Salesforce's classes, `name/arguments`, as the Apex Reference Guide has them.
STANDARD_METHODS = words(
    """
    abbreviate/1 abs/1 add/1 addAll/1 addMinutes/1 areEqual/2 areEqual/3 areNotEqual/2 attachFinalizer/1
    checkPermission/1 clone/0 contains/1 containsIgnoreCase/1 containsKey/1 convertToHex/1 deserialize/2
    deserializeUntyped/1 enqueueJob/1 enqueueJob/2 forName/1 format/2 formatGmt/1 generateAesKey/1 get/1
    getAll/0 getBody/0 getDescribe/0 getDmlType/1 getEndpoint/0 getErrors/0 getException/0 getHeader/1
    getInstance/1 getMessage/0 getMethod/0 getPicklistValues/0 getQueries/0 getResult/0 getStatusCode/0
    getTime/0 getOrganizationId/0 getUserId/0 getValue/0 intValue/0 isBlank/1 isDefaultValue/0 isEmpty/0 isFalse/1
    isInstanceOfType/2 isNotNull/1 isNull/1 isRunningTest/0 isSuccess/0 isTrue/1 isTrue/2 keySet/0 left/1
    length/0 newInstance/0 newInstanceGmt/6 now/0 publish/1 put/2 randomUUID/0 remove/1 removeEnd/1 repeat/1
    send/1 setBody/1 setCreatedDate/2 setEndpoint/1 setHeader/2 setMessage/1 setMethod/1 setMock/2
    setStatusCode/1 setTimeout/1 size/0 startTest/0 stopTest/0 substringAfter/1 substringBefore/1 toString/0
    today/0 urlEncode/2 valueOf/1 values/0
    """
)


def own_methods():
    """Class → `name/arguments` → modifiers; a constructor has the name of its class."""
    found = {}
    for path, source in classes().items():
        methods = found.setdefault(path.stem, {})
        for method in nodes(parse("apex", source), "method_declaration", "constructor_declaration"):
            parameters = method.child_by_field_name("parameters").named_children
            count = len([parameter for parameter in parameters if parameter.type == "formal_parameter"])
            modifiers = [value(child) for child in method.children if child.type == "modifiers"]
            key = f"{value(method.child_by_field_name('name'))}/{count}"
            methods[key] = modifiers[0].lower() if modifiers else ""
    return found


def count(arguments):
    return len([child for child in arguments.named_children if "comment" not in child.type])


class CallsTest(unittest.TestCase):
    def test_every_method_exists_with_these_arguments(self):
        own = own_methods()
        everywhere = {key for methods in own.values() for key in methods} | STANDARD_METHODS
        for path, source in classes().items():
            for call in nodes(parse("apex", source), "method_invocation"):
                key = f"{value(call.child_by_field_name('name'))}/{count(call.child_by_field_name('arguments'))}"
                target = call.child_by_field_name("object")
                line = f"{path.name}:{call.start_point.row + 1}: {key}"
                if target is None:
                    self.assertIn(key, own[path.stem], line)
                elif value(target) in own:
                    self.assertIn(key, own[value(target)], line)
                    if value(target) != path.stem:
                        self.may_call(own[value(target)][key], source, line)
                else:
                    self.assertIn(key, everywhere, line)

    def may_call(self, modifiers, source, line):
        is_visible_to_tests = "@testvisible" in modifiers and "@IsTest" in source
        self.assertTrue("public" in modifiers or is_visible_to_tests, f"{line} is private")

    def test_constructors_exist(self):
        own = own_methods()
        for path, source in classes().items():
            for creation in nodes(parse("apex", source), "object_creation_expression"):
                name = value(creation.child_by_field_name("type"))
                owner, _, inner = name.partition(".")
                if owner not in own:
                    continue
                constructor = f"{inner or owner}/{count(creation.child_by_field_name('arguments'))}"
                declared = {key for key in own[owner] if key.startswith(f"{inner or owner}/")}
                # Exceptions and classes without a constructor have Salesforce's.
                if declared:
                    self.assertIn(constructor, declared, f"{path.name}:{creation.start_point.row + 1}")

    def test_standard_methods_are_used(self):
        used = {
            f"{value(call.child_by_field_name('name'))}/{count(call.child_by_field_name('arguments'))}"
            for source in classes().values()
            for call in nodes(parse("apex", source), "method_invocation")
        }
        self.assertEqual(STANDARD_METHODS - used, set())

    def test_private_members_stay_private(self):
        # Fields and constants; methods are above.
        declared = {}
        for path, source in classes().items():
            for field in nodes(parse("apex", source), "field_declaration"):
                modifiers = " ".join(value(child).lower() for child in field.children if child.type == "modifiers")
                for declarator in nodes(field, "variable_declarator"):
                    declared[f"{path.stem}.{value(declarator.child_by_field_name('name'))}"] = modifiers
        for path, source in classes().items():
            for access in nodes(parse("apex", source), "field_access"):
                key = "".join(value(access).split())
                if key in declared and not key.startswith(path.stem + "."):
                    self.may_call(declared[key], source, f"{path.name}: {key}")


if __name__ == "__main__":
    unittest.main()
