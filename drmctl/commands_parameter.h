/* The rows of "drmctl parameter" for the command table. Included by commands.c only. */
#ifndef DRMCTL_COMMANDS_PARAMETER_H
#define DRMCTL_COMMANDS_PARAMETER_H

/* clang-format off */
#define DEVICE_PARAMETERS_COMMAND \
    { "device", "parameters", "DEVICE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "parameter", \
      ctl_cmd_device_parameters, "list what was last read from a device", \
      "In a path, * may stand at the end. --since and --until go by when a value became another one.", \
      "drmctl device parameters core-1 --path 'ifDescr.*'\n" \
      "drmctl device parameters core-1 --search ethernet --since 2026-11-01" }

#define PARAMETER_COMMANDS \
    { "parameter", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "parameter", \
      ctl_cmd_parameter_list, "find devices by what was last read from them", \
      "A whole --path, an OID or a well-known name with its instance, is found at once, also with a whole --value.", \
      "drmctl parameter list --path entPhysicalSoftwareRev.1 --value 15.2\n" \
      "drmctl parameter list --path sysObjectID.0 --all -o csv --columns device_id,value" }
/* clang-format on */

#endif
