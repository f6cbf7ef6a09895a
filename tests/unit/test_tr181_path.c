/* Paths of TR-181 and USP's searches: what is let through and how it is printed, what is refused and in which words,
 * and what a path means in a model. */
#include "tr181_support.h"

#include "tr181/path.h"

static drmgmt__dm_path path;
static drmgmt__dm_complaint complaint;

static bool parse_with(const char *text, unsigned flags)
{
    return drmgmt__dm_path_parse(&path, text, strlen(text), flags, &complaint);
}

/* Lets it through, and prints it as printed says. */
static void same_as(const char *text, const char *printed, unsigned flags)
{
    drmgmt__strbuf out = DRMGMT__STRBUF_INIT;

    cr_assert(parse_with(text, flags), "%s: %s", text, complaint.words);
    drmgmt__dm_path_print(&path, &out);
    cr_expect_str_eq(out.data, printed);
    drmgmt__strbuf_free(&out);
}

static void let_through(const char *text)
{
    same_as(text, text, 0);
}

static void refused(const char *text, const char *words)
{
    cr_expect(!parse_with(text, 0), "%s", text);
    cr_expect_not_null(strstr(complaint.words, words), "%.200s: \"%s\" has no \"%s\"", text, complaint.words, words);
    cr_expect(!strpbrk(complaint.words, "\r\n"));
}

Test(tr181_path, kinds)
{
    let_through("Device.WiFi.SSID.1.Enable");
    cr_expect_eq(path.kind, DRMGMT__DM_PARAMETER);
    cr_expect_eq(path.n_steps, 5);
    cr_expect_eq(path.steps[3].kind, DRMGMT__DM_STEP_NUMBER);
    cr_expect(!path.searches && !path.supported);
    let_through("Device.");
    cr_expect_eq(path.kind, DRMGMT__DM_OBJECT);
    let_through("Device.WiFi.SSID.");
    let_through("Device.WiFi.SSID.4294967295.");
    let_through("Device.WiFi.SSID.{i}.SSID");
    cr_expect(path.supported);
    let_through("Device.IP.Interface.[Name==\"eth0\"].Reset()");
    cr_expect_eq(path.kind, DRMGMT__DM_COMMAND);
    let_through("Device.Boot!");
    cr_expect_eq(path.kind, DRMGMT__DM_EVENT);
    let_through("Device.IP.Interface.*.");
    cr_expect(path.searches);
    let_through("Device.WiFi.SSID.[home].Enable");
    cr_expect_eq(path.steps[3].kind, DRMGMT__DM_STEP_ALIAS);
    let_through("Device.X_EXAMPLE-COM_Thing.Mode");
}

Test(tr181_path, arguments_are_written_as_models_write_them)
{
    let_through("Device.Reboot().input.Cause");
    cr_expect_eq(path.kind, DRMGMT__DM_PARAMETER);
    cr_expect_eq(path.role, DRMGMT__DM_OF_INPUT);
    cr_expect_eq(path.call, 2);
    let_through("Device.IP.Diagnostics.TraceRoute().output.RouteHops.{i}.Host");
    cr_expect_eq(path.role, DRMGMT__DM_OF_OUTPUT);
    let_through("Device.Boot!.Cause");
    cr_expect_eq(path.role, DRMGMT__DM_OF_EVENT);
    refused("Device.Reboot().Cause", "'.input.'");
    refused("Device.Reboot().input.", "argument");
    refused("Device.Boot!Cause", "'.' and an argument");
    refused("Device.Reboot().input.More()", "no commands");
}

Test(tr181_path, searches_as_in_the_specification)
{
    let_through("Device.IP.Interface.[Type==\"Normal\"&&Stats.ErrorsSent>0].IPv4Address.[AddressingType==\"Static\"]."
                "IPAddress");
    cr_expect_eq(path.n_conditions, 3);
    cr_expect_eq(path.steps[3].n, 2);
    cr_expect_eq(path.steps[5].first, 2);
    cr_expect_eq(path.conditions[1].op, DRMGMT__DM_MORE);
    let_through("Device.NAT.PortMapping.[RemoteHost==\"\"&&ExternalPort==0&&Protocol==\"TCP\"].");
    let_through("Device.DSL.Line.[Enable==true].CurrentProfile");
    let_through("Device.IP.Interface.*.IPv6Address.[ValidLifetime<2021-06-06T08:00:00Z].IPAddress");
    let_through("Device.PCP.Client.*.Server.[Capabilities~=\"IPv6Firewall\"].");
    let_through("Device.X.T.[A!=-5&&B<=1&&C>=2&&D<3].");
    let_through(
        "Device.WiFi.AccessPoint.[SSIDReference+.SSID==\"MyHome\"].AssociatedDevice.[OperatingStandard==\"ac\"]."
        "SignalStrength");
    same_as("Device.X.T.[ Type == \"a b\" && N > 1 ].", "Device.X.T.[Type==\"a b\"&&N>1].", 0);
    let_through("Device.X.T.[Name==\"a].b&&[\"].");
}

Test(tr181_path, quotes_and_percents_in_values_are_escaped)
{
    drmgmt__strbuf out = DRMGMT__STRBUF_INIT;

    let_through("Device.X.T.[N==\"a%22b%25%41%2\"].");
    drmgmt__dm_literal(&path.conditions[0], &out);
    cr_expect_str_eq(out.data, "a\"b%%41%2");
    drmgmt__strbuf_free(&out);
}

Test(tr181_path, references)
{
    let_through("Device.NAT.PortMapping.1.Interface+.Name");
    let_through("Device.WiFi.SSID.1.LowerLayers#2+.Name");
    let_through("Device.WiFi.SSID.1.LowerLayers#*+.");
    cr_expect(path.searches);
    same_as("Device.WiFi.SSID.1.LowerLayers#1+.Name", "Device.WiFi.SSID.1.LowerLayers+.Name", 0);
    same_as("Device.IP.Interface.1", "Device.IP.Interface.1", DRMGMT__DM_PATH_REFERENCE);
    same_as("Enable", "Enable", DRMGMT__DM_PATH_RELATIVE);
    same_as("SSID.1.Enable", "SSID.1.Enable", DRMGMT__DM_PATH_RELATIVE);
    refused("Device.IP.Interface.1", "'.' behind the instance");
    refused("Enable", "below the first name");
    refused("Device.A+Name", "'.'");
    refused("Device.A#0+.Name", "from 1 on");
    refused("Device.A#2.Name", "'+'");
}

Test(tr181_path, what_is_no_path)
{
    refused("", "empty");
    refused("Device", "below the first name");
    refused(".Device", "a name");
    refused("Device..WiFi.", "a name");
    refused("Device.1.", "a name");
    refused("Device.WiFi.SSID.0.", "from 1 on");
    refused("Device.WiFi.SSID.01.", "from 1 on");
    refused("Device.WiFi.SSID.4294967296.", "larger");
    refused("Device.WiFi.SSID.99999999999999999999999.", "larger");
    refused("Device.WiFi.SSID.-1.", "from 1 on");
    refused("Device.WiFi.SSID.1.2.", "a name");
    refused("Device.WiFi.SSID.*.*.", "a name");
    refused("Device.IP.Interface.[].", "nothing in the brackets");
    refused("Device.IP.Interface.[Type==\"Normal\"", "']' or &&");
    refused("Device.IP.Interface.[Type==\"Normal].", "'\"'");
    refused("Device.IP.Interface.[Type==].", "a value");
    refused("Device.IP.Interface.[Type=\"Normal\"].", "==");
    refused("Device.IP.Interface.[A==1||B==2].", "only be joined with &&");
    refused("Device.IP.Interface.[Type==\"Normal\"&&IPv4Address.*.AddressingType==\"Static\"].Status", "another table");
    refused("Device.IP.Interface.{Type==\"Normal\"}.Status", "square brackets");
    refused("Device.IP.Interface.[home", "==");
    refused("Device.Wi Fi.", "'.'");
    refused("Device.WiFi.\n", "control character");
    refused("Device.T.[N==\"\x01\"].", "control character");
    refused("Device.T.[N==\"\xff\"].", "UTF-8");
    refused("Device.T.[\xc3].", "UTF-8");
    refused("Device.\xc3\xa4.", "a name");
    refused("Device.Reboot()()", "the end");
    refused("Device.Reboot(", "'.'");
    refused("Device.WiFi.SSID.1()", "'.'");
    cr_expect(!drmgmt__dm_path_parse(&path, "Device.\0x", 9, 0, &complaint));
}

Test(tr181_path, what_is_too_much)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    for (int i = 0; i < 65; i++)
        drmgmt__strbuf_puts(&text, "A.");
    refused(text.data, "64 parts");
    drmgmt__strbuf_reset(&text);
    drmgmt__strbuf_puts(&text, "Device.T.[A==0");
    for (int i = 0; i < 32; i++)
        drmgmt__strbuf_puts(&text, "&&A==0");
    drmgmt__strbuf_puts(&text, "].");
    refused(text.data, "32 conditions");
    drmgmt__strbuf_reset(&text);
    drmgmt__strbuf_puts(&text, "Device.T.[");
    for (int i = 0; i < 65; i++)
        drmgmt__strbuf_puts(&text, "\xc3\xa4");
    drmgmt__strbuf_puts(&text, "].");
    refused(text.data, "64 characters");
    drmgmt__strbuf_reset(&text);
    for (int i = 0; i < 1025; i++)
        drmgmt__strbuf_putc(&text, 'a');
    refused(text.data, "1,024");
}

/* ---- what they mean in a model ---- */

static const char model_text[] =
    "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" spec=\"urn:x:tr-1\" file=\"a.xml\">"
    "<model name=\"Device:2.0\">"
    "<object name=\"Device.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\">"
    "<command name=\"Reboot()\" async=\"false\"><input><parameter "
    "name=\"Cause\"><syntax><string/></syntax></parameter></input></command>"
    "<event name=\"Boot!\"><parameter name=\"Why\"><syntax><string/></syntax></parameter></event></object>"
    "<object name=\"Device.A.{i}.\" access=\"readWrite\" minEntries=\"0\" maxEntries=\"unbounded\">"
    "<parameter name=\"Alias\" access=\"readWrite\"><syntax><string/></syntax></parameter>"
    "<parameter name=\"Name\" access=\"readWrite\"><syntax><string/></syntax></parameter>"
    "<parameter name=\"Enable\" access=\"readWrite\"><syntax><boolean/></syntax></parameter>"
    "<parameter name=\"Level\" access=\"readWrite\"><syntax><int/></syntax></parameter>"
    "<parameter name=\"Since\" access=\"readWrite\"><syntax><dateTime/></syntax></parameter>"
    "<parameter name=\"Numbers\" access=\"readWrite\"><syntax><list/><unsignedInt/></syntax></parameter>"
    "<parameter name=\"Lower\" access=\"readWrite\"><syntax><string>"
    "<pathRef refType=\"strong\" targetParent=\".B. .C.\" targetType=\"row\"/></string></syntax></parameter>"
    "<parameter name=\"Layers\" access=\"readWrite\"><syntax><list/><string>"
    "<pathRef refType=\"weak\" targetParent=\"#.C.\" targetType=\"row\"/></string></syntax></parameter>"
    "<parameter name=\"Any\" access=\"readWrite\"><syntax><string><pathRef "
    "refType=\"weak\"/></string></syntax></parameter>"
    "</object>"
    "<object name=\"Device.A.{i}.Stats.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\">"
    "<parameter name=\"Sent\" access=\"readOnly\"><syntax><unsignedLong/></syntax></parameter></object>"
    "<object name=\"Device.B.{i}.\" access=\"readOnly\" minEntries=\"0\" maxEntries=\"unbounded\">"
    "<parameter name=\"OnlyB\" access=\"readOnly\"><syntax><string/></syntax></parameter></object>"
    "<object name=\"Device.C.{i}.\" access=\"readOnly\" minEntries=\"0\" maxEntries=\"unbounded\">"
    "<parameter name=\"OnlyC\" access=\"readOnly\"><syntax><string/></syntax></parameter>"
    "<parameter name=\"Back\" access=\"readOnly\"><syntax><string>"
    "<pathRef refType=\"strong\" targetParent=\"Device.A.\" targetType=\"row\"/></string></syntax></parameter></object>"
    "</model></dm:document>";

static drmgmt__dm_models models;
static drmgmt__dm_match match;

static void import_model(void)
{
    import_good(model_text, &models);
}

static void forget_model(void)
{
    drmgmt__dm_models_free(&models);
}

static bool look_up(const char *text)
{
    cr_assert(parse_with(text, 0), "%s: %s", text, complaint.words);
    return drmgmt__dm_path_match(models.rows[0], &path, &match, &complaint);
}

static void means(const char *text, const char *item)
{
    cr_assert(look_up(text), "%s: %s", text, complaint.words);
    cr_assert_not_null(match.item, "%s", text);
    cr_expect_str_eq(match.item->path, item);
}

static void means_nothing(const char *text, const char *words)
{
    cr_expect(!look_up(text), "%s", text);
    cr_expect_not_null(strstr(complaint.words, words), "%s: \"%s\" has no \"%s\"", text, complaint.words, words);
}

static void cannot_be_told(const char *text, const char *words)
{
    cr_expect(look_up(text), "%s: %s", text, complaint.words);
    cr_expect(match.open && !match.item);
    cr_expect_not_null(strstr(complaint.words, words), "%s: \"%s\" has no \"%s\"", text, complaint.words, words);
}

TestSuite(tr181_match, .init = import_model, .fini = forget_model);

Test(tr181_match, items)
{
    means("Device.", "Device.");
    means("Device.A.", "Device.A.{i}.");
    cr_expect(match.table);
    means("Device.A.7.", "Device.A.{i}.");
    cr_expect(!match.table);
    means("Device.A.{i}.Level", "Device.A.{i}.Level");
    means("Device.A.*.Stats.Sent", "Device.A.{i}.Stats.Sent");
    means("Device.A.[home].Enable", "Device.A.{i}.Enable");
    means("Device.Reboot()", "Device.Reboot()");
    means("Device.Reboot().input.Cause", "Device.Reboot().input.Cause");
    means("Device.Boot!", "Device.Boot!");
    means("Device.Boot!.Why", "Device.Boot!.Why");
}

Test(tr181_match, what_is_not_there)
{
    means_nothing("Device.Nothing.", "there is no Device.Nothing.");
    means_nothing("Device.A.1.Nothing", "there is no Device.A.{i}.Nothing");
    means_nothing("Device.A.Level", "a table: an instance is missing");
    means_nothing("Device.A.1.Stats.2.Sent", "is no table");
    means_nothing("Device.A.1.Stats", "an object: put a dot");
    means_nothing("Device.Reboot", "a command: put ()");
    means_nothing("Device.Boot", "an event: put !");
    means_nothing("Device.Reboot().input.Nothing", "there is no Device.Reboot().input.Nothing");
    means_nothing("Device.Halt().input.Cause", "there is no Device.Halt()");
    means_nothing("Device.B.[home].OnlyB", "no Alias");
    cannot_be_told("Device.X_ME_Thing.1.Mode", "vendor's extension");
    cannot_be_told("Device.A.1.X_ME_Mode", "vendor's extension");
    cannot_be_told("Device.X_ME_T.", "vendor's extension");
}

Test(tr181_match, searches_fit_the_types)
{
    means("Device.A.[Name==\"x\"&&Enable==true&&Level>-5].Level", "Device.A.{i}.Level");
    means("Device.A.[Stats.Sent>=18446744073709551615].", "Device.A.{i}.");
    means("Device.A.[Since<2021-06-06T08:00:00Z].", "Device.A.{i}.");
    means("Device.A.[Numbers~=5].", "Device.A.{i}.");
    means("Device.A.[Lower+.OnlyC==\"x\"].", "Device.A.{i}.");
    means_nothing("Device.A.[Enable==\"true\"].", "has no quotes");
    means_nothing("Device.A.[Name==x].", "double quotes");
    means_nothing("Device.A.[Name<\"x\"].", "cannot compare");
    means_nothing("Device.A.[Enable>true].", "cannot compare");
    means_nothing("Device.A.[Level~=5].", "no list");
    means_nothing("Device.A.[Level==2147483648].", "of type int");
    means_nothing("Device.A.[Numbers~=-1].", "of type unsignedInt");
    means_nothing("Device.A.[Enable==yes].", "of type boolean");
    means_nothing("Device.A.[Stats==1].", "an object");
    means_nothing("Device.A.[Nothing==1].", "there is no Device.A.{i}.Nothing");
}

Test(tr181_match, references_are_followed)
{
    means("Device.A.1.Lower+.OnlyB", "Device.B.{i}.OnlyB");
    means("Device.A.1.Lower+.OnlyC", "Device.C.{i}.OnlyC");
    means("Device.A.1.Lower+.", "Device.B.{i}.");
    means("Device.A.1.Layers#2+.OnlyC", "Device.C.{i}.OnlyC");
    means("Device.A.1.Layers#*+.Back+.Layers+.Back+.Level", "Device.A.{i}.Level");
    cannot_be_told("Device.A.1.Any+.Whatever", "not limited");
    means_nothing("Device.A.1.Lower+.Level", "nothing that Device.A.{i}.Lower may point to");
    means_nothing("Device.A.1.Lower#2+.OnlyB", "no list");
    means_nothing("Device.A.1.Name+.OnlyB", "no reference");
}

/* What references of the official models point to is there. */
Test(tr181_match, targets_of_official_models)
{
    static const char *const names[] = { "tr-181-2-16-0-usp-full.xml", "tr-181-2-17-0-cwmp-full.xml" };
    const char *shared = shared_tr181();
    char folder[4200];

    for (size_t k = 0; shared && k < DRMGMT__COUNT(names); k++) {
        drmgmt__dm_models official;
        unsigned references = 0, lost = 0;
        snprintf(folder, sizeof folder, "%s/full", shared);
        official = import_of(folder, names[k]);
        for (uint32_t i = 0; i < official.rows[0]->n_items; i++) {
            const drmgmt__dm_item *item = official.rows[0]->items[i];
            const drmgmt__dm_reference *reference = item->syntax ? item->syntax->reference : NULL;
            char target[DRMGMT__DM_PATH_MAX];
            for (const char *at = reference && reference->target ? reference->target : ""; *at;) {
                size_t n = strcspn(at, " ");
                bool found = drmgmt__dm_target(official.rows[0], item, at, n, reference->scope, target);
                references++;
                if (!found || (!drmgmt__dm_object_at(official.rows[0], target) &&
                               !drmgmt__dm_find(official.rows[0], target, strlen(target)))) {
                    lost++;
                    printf("%s: %.*s: %s\n", item->path, (int)n, at, found ? target : "");
                }
                at += n;
                at += strspn(at, " ");
            }
        }
        cr_expect_gt(references, 200, "%s: %u", names[k], references);
        cr_expect_eq(lost, 0, "%s: %u of %u", names[k], lost, references);
        drmgmt__dm_models_free(&official);
    }
}
