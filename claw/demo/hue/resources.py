"""The documents of API v2, made from the lamps at each request; field names as real hubs have them.

Covered: bridge, bridge_home, device, light, room, zone, grouped_light, scene, zigbee_connectivity, geofence_client.
Not covered: effects, gradients, entertainment, sensors, behaviours.
"""

from collections.abc import Iterable, Iterator

from claw.demo.hue.lamp import GAMUT_C, JSON, Lamp, uid, zigbee_mac

ALERT = {"action_values": ["breathe"]}
SCENES = {"Bright": (100.0, 233), "Relax": (56.0, 447)}  # brightness, mirek
SOFTWARE = "1.66.1966060010"


class Documents:
    """All resources of one hub, by type and id."""

    def __init__(self, bridge_id: str, name: str, lamps: dict[str, Lamp], zones: dict[str, list[str]]) -> None:
        self.bridge_id, self.name, self.lamps, self.zones = bridge_id, name, lamps, zones
        self.geofence: dict[str, JSON] = {}

    def uid(self, *parts: str) -> str:
        """The id of a resource of this hub."""
        return uid(self.bridge_id, *parts)

    def all(self) -> Iterator[JSON]:
        """Every resource, as GET /clip/v2/resource lists them."""
        yield from self._hub()
        for lamp in self.lamps.values():
            yield from self.lamp(lamp)
        for room in self.rooms():
            yield from self._group("room", room)
            yield from (self._scene(room, scene) for scene in SCENES)
        for zone in self.zones:
            yield from self._group("zone", zone)
        yield from self.geofence.values()

    def find(self, type: str, id: str = "") -> list[JSON]:
        """Those of one type, or the one with that id."""
        return [item for item in self.all() if item["type"] == type and id in ("", item["id"])]

    def rooms(self) -> list[str]:
        """Names of rooms, in the order of the lamps."""
        return list(dict.fromkeys(lamp.room for lamp in self.lamps.values()))

    def members(self, grouped_light: str) -> list[Lamp]:
        """The lamps that a grouped_light drives."""
        places = [*self.rooms(), *self.zones, "home"]
        place = next((place for place in places if self.uid(place, "grouped_light") == grouped_light), None)
        return [] if place is None else self._in(place)

    def _in(self, place: str) -> list[Lamp]:
        rooms = self.zones.get(place, [place])
        return [lamp for lamp in self.lamps.values() if place == "home" or lamp.room in rooms]

    def _hub(self) -> Iterator[JSON]:
        owner = ref("device", self.uid("hub", "device"))
        bridge, radio = self.uid("hub", "bridge"), self.uid("hub", "zigbee_connectivity")
        yield {
            "bridge_id": self.bridge_id,
            "id": bridge,
            "owner": owner,
            "time_zone": {"time_zone": "Europe/London"},
            "type": "bridge",
        }
        yield {
            "id": owner["rid"], "identify": {}, "metadata": {"archetype": "bridge_v2", "name": self.name},
            "product_data": product("BSB002", "Hue Bridge", "bridge_v2", SOFTWARE),
            "services": [ref("bridge", bridge), ref("zigbee_connectivity", radio)], "type": "device",
        }  # fmt: skip
        mac = ":".join(self.bridge_id[i : i + 2] for i in range(0, 16, 2))
        yield {"id": radio, "mac_address": mac, "owner": owner, "status": "connected", "type": "zigbee_connectivity"}
        children = [owner, *(ref("room", self.uid(room, "room")) for room in self.rooms())]
        services = [ref("grouped_light", self.uid("home", "grouped_light"))]
        home = {"children": children, "id": self.uid("home", "bridge_home"), "id_v1": "/groups/0", "services": services}
        yield home | {"type": "bridge_home"}
        yield self.grouped_light("home", "bridge_home")

    def lamp(self, lamp: Lamp) -> Iterator[JSON]:
        """The device, light and radio of one lamp."""
        make, owner = lamp.make, ref("device", self.uid(lamp.name, "device"))
        services = [ref(type, self.uid(lamp.name, type)) for type in ("light", "zigbee_connectivity")]
        yield {
            "id": owner["rid"], "id_v1": self._v1(lamp), "identify": {},
            "metadata": {"archetype": make.archetype, "name": lamp.name},
            "product_data": product(make.model, make.name, make.archetype, "1.122.2"), "services": services, "type": "device",
        }  # fmt: skip
        yield self.light(lamp)
        yield self.radio(lamp)

    def light(self, lamp: Lamp) -> JSON:
        """The whole light resource."""
        about = {"archetype": lamp.make.archetype, "function": "mixed", "name": lamp.name}
        fixed = {"alert": ALERT, "dynamics": {"speed": 0.0, "speed_valid": False, "status": "none", "status_values": ["none"]}}
        fixed |= {"identify": {}, "metadata": about, "mode": "normal", "product_data": {"function": "mixed"}}
        light = self.light_state(lamp) | fixed
        if lamp.make.dims:
            light["dimming"]["min_dim_level"] = 0.2
            light["dimming_delta"] = {}
        return light

    def light_state(self, lamp: Lamp) -> JSON:
        """The part of a light that changes, as update events carry it."""
        owner = ref("device", self.uid(lamp.name, "device"))
        state: JSON = {"id": self.uid(lamp.name, "light"), "id_v1": self._v1(lamp), "on": {"on": lamp.on}, "owner": owner}
        if lamp.make.dims:
            state["dimming"] = {"brightness": lamp.brightness}
        if lamp.make.mirek:
            low, high = lamp.make.mirek
            schema = {"mirek_maximum": high, "mirek_minimum": low}
            state["color_temperature"] = {"mirek": lamp.mirek, "mirek_schema": schema, "mirek_valid": lamp.mirek is not None}
        if lamp.make.colored:
            gamut = {corner: point(*xy) for corner, xy in zip(("red", "green", "blue"), GAMUT_C, strict=True)}
            state["color"] = {"gamut": gamut, "gamut_type": "C", "xy": point(*lamp.xy)}
        return state | {"service_id": 0, "type": "light"}

    def radio(self, lamp: Lamp) -> JSON:
        """Whether the hub hears the lamp."""
        return {
            "id": self.uid(lamp.name, "zigbee_connectivity"), "id_v1": self._v1(lamp),
            "mac_address": zigbee_mac(self.bridge_id, lamp.name), "owner": ref("device", self.uid(lamp.name, "device")),
            "status": "connected" if lamp.reachable else "connectivity_issue", "type": "zigbee_connectivity",
        }  # fmt: skip

    def _v1(self, lamp: Lamp) -> str:
        return f"/lights/{list(self.lamps).index(lamp.name) + 1 if lamp.name in self.lamps else 99}"

    def _group(self, type: str, name: str) -> Iterator[JSON]:
        yield self.place(type, name)
        yield self.grouped_light(name, type)

    def place(self, type: str, name: str) -> JSON:
        """A room (its children are devices) or a zone (its children are lights)."""
        child = "device" if type == "room" else "light"
        archetype = name.lower().replace(" ", "_")
        return {
            "children": [ref(child, self.uid(lamp.name, child)) for lamp in self._in(name)], "id": self.uid(name, type),
            "id_v1": self._v1_group(name), "metadata": {"archetype": archetype, "name": name},
            "services": [ref("grouped_light", self.uid(name, "grouped_light"))], "type": type,
        }  # fmt: skip

    def grouped_light(self, name: str, owner_type: str) -> JSON:
        """The joined control: on when any lamp is, brightness the mean of those that are on."""
        lamps = self._in(name)
        lit = [lamp.brightness for lamp in lamps if lamp.on and lamp.make.dims]
        grouped: JSON = {"alert": ALERT, "dimming": {"brightness": round(sum(lit) / len(lit), 2) if lit else 0.0}}
        grouped |= {"dimming_delta": {}, "dynamics": {}, "color_temperature": {}, "color_temperature_delta": {}}
        grouped |= {"color": {}} if any(lamp.make.colored for lamp in lamps) else {}
        owner = ref(owner_type, self.uid(name, owner_type))
        named: JSON = {
            "id": self.uid(name, "grouped_light"),
            "id_v1": self._v1_group(name),
            "owner": owner,
            "type": "grouped_light",
        }
        return grouped | named | {"on": {"on": any(lamp.on for lamp in lamps)}}

    def _v1_group(self, name: str) -> str:
        return "/groups/0" if name == "home" else f"/groups/{81 + [*self.rooms(), *self.zones].index(name)}"

    def _scene(self, room: str, scene: str) -> JSON:
        brightness, mirek = SCENES[scene]
        shade = {"color_temperature": {"mirek": mirek}, "dimming": {"brightness": brightness}}
        return {
            "actions": [self._action(lamp, brightness, mirek) for lamp in self._in(room)], "auto_dynamic": False,
            "group": ref("room", self.uid(room, "room")), "id": self.uid(room, scene, "scene"), "metadata": {"name": scene},
            "palette": {"color": [], "color_temperature": [shade], "dimming": [], "effects": []},
            "recall": {}, "speed": 0.6, "status": {"active": "inactive"}, "type": "scene",
        }  # fmt: skip

    def _action(self, lamp: Lamp, brightness: float, mirek: int) -> JSON:
        action: JSON = {"dimming": {"brightness": brightness}, "on": {"on": True}}
        if lamp.make.mirek:
            action["color_temperature"] = {"mirek": min(mirek, lamp.make.mirek[1])}
        return {"action": action, "target": ref("light", self.uid(lamp.name, "light"))}


def ref(type: str, id: str) -> JSON:
    """A reference to a resource."""
    return {"rid": id, "rtype": type}


def point(x: float, y: float) -> JSON:
    """A colour."""
    return {"x": x, "y": y}


def product(model: str, name: str, archetype: str, software: str) -> JSON:
    """The product_data of a device."""
    made = {"certified": True, "manufacturer_name": "Signify Netherlands B.V.", "model_id": model}
    return made | {"product_archetype": archetype, "product_name": name, "software_version": software}


def identified(items: Iterable[JSON]) -> list[JSON]:
    """What a delete event says of each resource."""
    return [{key: item[key] for key in ("id", "id_v1", "type") if key in item} for item in items]
