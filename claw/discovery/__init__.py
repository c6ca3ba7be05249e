"""Finding devices: mdns.py and ssdp.py listen, found.py is what they find; caps and identity are in browse.py."""
