using System.Runtime.Versioning;

// Mounts, sockets and signals are Linux's; another host (WinFsp) brings its own folder and its own entry here.
[assembly: SupportedOSPlatform("linux")]
