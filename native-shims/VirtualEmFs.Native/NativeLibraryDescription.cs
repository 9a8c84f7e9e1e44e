namespace VirtualEmFs.Native;

/// <summary>A library of the distribution: the names it has there, and the package that brings it.</summary>
/// <param name="ImportName">The name that this project's declarations import it by; also the name shown to people.</param>
/// <param name="FileNames">File names to try, in order: the name with the version of its interface first.</param>
/// <param name="DebianPackage">What <c>apt-get install</c> needs.</param>
public sealed record NativeLibraryDescription(string ImportName, IReadOnlyList<string> FileNames, string DebianPackage);
