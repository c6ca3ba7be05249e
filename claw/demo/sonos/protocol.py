"""The services that a virtual player offers: action -> (arguments in, out), named and ordered as by a Sonos One."""

Actions = dict[str, tuple[str, str]]

AV_TRANSPORT: Actions = {
    "SetAVTransportURI": ("InstanceID CurrentURI CurrentURIMetaData", ""),
    "AddURIToQueue": (
        "InstanceID EnqueuedURI EnqueuedURIMetaData DesiredFirstTrackNumberEnqueued EnqueueAsNext",
        "FirstTrackNumberEnqueued NumTracksAdded NewQueueLength",
    ),
    "RemoveAllTracksFromQueue": ("InstanceID", ""),
    "GetMediaInfo": (
        "InstanceID",
        "NrTracks MediaDuration CurrentURI CurrentURIMetaData NextURI NextURIMetaData PlayMedium RecordMedium WriteStatus",
    ),
    "GetTransportInfo": ("InstanceID", "CurrentTransportState CurrentTransportStatus CurrentSpeed"),
    "GetPositionInfo": ("InstanceID", "Track TrackDuration TrackMetaData TrackURI RelTime AbsTime RelCount AbsCount"),
    "GetTransportSettings": ("InstanceID", "PlayMode RecQualityMode"),
    "Stop": ("InstanceID", ""),
    "Play": ("InstanceID Speed", ""),
    "Pause": ("InstanceID", ""),
    "Seek": ("InstanceID Unit Target", ""),
    "Next": ("InstanceID", ""),
    "Previous": ("InstanceID", ""),
    "GetCurrentTransportActions": ("InstanceID", "Actions"),
    "BecomeCoordinatorOfStandaloneGroup": ("InstanceID", "DelegatedGroupCoordinatorID NewGroupID"),
}
RENDERING_CONTROL: Actions = {
    "GetMute": ("InstanceID Channel", "CurrentMute"),
    "SetMute": ("InstanceID Channel DesiredMute", ""),
    "GetVolume": ("InstanceID Channel", "CurrentVolume"),
    "SetVolume": ("InstanceID Channel DesiredVolume", ""),
    "SetRelativeVolume": ("InstanceID Channel Adjustment", "NewVolume"),
}
GROUP_RENDERING_CONTROL: Actions = {
    "GetGroupMute": ("InstanceID", "CurrentMute"),
    "SetGroupMute": ("InstanceID DesiredMute", ""),
    "GetGroupVolume": ("InstanceID", "CurrentVolume"),
    "SetGroupVolume": ("InstanceID DesiredVolume", ""),
    "SetRelativeGroupVolume": ("InstanceID Adjustment", "NewVolume"),
    "SnapshotGroupVolume": ("InstanceID", ""),
}
ZONE_GROUP_TOPOLOGY: Actions = {
    "GetZoneGroupAttributes": (
        "",
        "CurrentZoneGroupName CurrentZoneGroupID CurrentZonePlayerUUIDsInGroup CurrentMuseHouseholdId",
    ),
    "GetZoneGroupState": ("", "ZoneGroupState"),
}
DEVICE_PROPERTIES: Actions = {
    "GetZoneAttributes": ("", "CurrentZoneName CurrentIcon CurrentConfiguration CurrentTargetRoomName"),
    "GetHouseholdID": ("", "CurrentHouseholdID"),
    "GetZoneInfo": (
        "",
        "SerialNumber SoftwareVersion DisplaySoftwareVersion HardwareVersion IPAddress MACAddress "
        "CopyrightInfo ExtraInfo HTAudioIn Flags",
    ),
}
CONTENT_DIRECTORY: Actions = {
    "Browse": (
        "ObjectID BrowseFlag Filter StartingIndex RequestedCount SortCriteria",
        "Result NumberReturned TotalMatches UpdateID",
    ),
}

# service -> (the path before /Control and /Event, its actions, its evented variables)
SERVICES: dict[str, tuple[str, Actions, str]] = {
    "AVTransport": ("/MediaRenderer/AVTransport", AV_TRANSPORT, "LastChange"),
    "RenderingControl": ("/MediaRenderer/RenderingControl", RENDERING_CONTROL, "LastChange"),
    "GroupRenderingControl": (
        "/MediaRenderer/GroupRenderingControl",
        GROUP_RENDERING_CONTROL,
        "GroupMute GroupVolume GroupVolumeChangeable",
    ),
    "ZoneGroupTopology": (
        "/ZoneGroupTopology",
        ZONE_GROUP_TOPOLOGY,
        "ZoneGroupState ZoneGroupName ZoneGroupID ZonePlayerUUIDsInGroup",
    ),
    "DeviceProperties": ("/DeviceProperties", DEVICE_PROPERTIES, "ZoneName"),
    "ContentDirectory": ("/MediaServer/ContentDirectory", CONTENT_DIRECTORY, "FavoritesUpdateID SavedQueuesUpdateID"),
}

# as the SCPD documents type them; everything else is a string
TYPES = {
    "InstanceID": "ui4", "Track": "ui4", "NrTracks": "ui4", "FirstTrackNumberEnqueued": "ui4", "NumTracksAdded": "ui4",
    "DesiredFirstTrackNumberEnqueued": "ui4", "NewQueueLength": "ui4", "EnqueueAsNext": "boolean",
    "RelCount": "i4", "AbsCount": "i4",
    "CurrentMute": "boolean", "DesiredMute": "boolean", "CurrentVolume": "ui2", "DesiredVolume": "ui2", "NewVolume": "ui2",
    "Adjustment": "i4", "StartingIndex": "ui4", "RequestedCount": "ui4", "NumberReturned": "ui4", "TotalMatches": "ui4",
    "UpdateID": "ui4", "HTAudioIn": "ui4", "Flags": "ui4",
}  # fmt: skip
