"""placeholder"""
class _F: pass
def facts(lines): return None
