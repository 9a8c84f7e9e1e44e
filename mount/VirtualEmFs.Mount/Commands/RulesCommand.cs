using System.CommandLine;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs rules</c>: what decides about bits where none were asked for.</summary>
internal static class RulesCommand
{
    public static Command Create()
    {
        var showRules = new RulesOptions();
        var show = new Command("show", "Prints the rules in the order in which they are tried; whatever they say, NaN, infinity and whole numbers stay exact. Example: emfs rules show");
        showRules.AddTo(show);
        show.SetAction(result => Show(showRules.Read(result).Rules));
        var testRules = new RulesOptions();
        var paths = new Argument<string[]>("PATH") { Description = "MRC files; of what does not exist, the name alone decides.", Arity = ArgumentArity.OneOrMore };
        var test = new Command("test", "Prints which rule each path gets. Example: emfs rules test --rules site.json Micrographs/*.mrc") { paths };
        testRules.AddTo(test);
        test.SetAction(result => Test(result.GetRequiredValue(paths), testRules.Read(result).Rules));
        return new Command("rules", "Shows and tests the rules that choose bits. Example: emfs rules test Micrographs/*.mrc") { show, test };
    }

    private static int Show(TruncationRules rules)
    {
        foreach (TruncationRule rule in rules.Rules)
        {
            Console.WriteLine(rule);
        }

        return (int)ExitCode.Success;
    }

    private static int Test(string[] paths, TruncationRules rules)
    {
        var compressor = new Compressor(new ArchiveFormats());
        var exitCode = ExitCode.Success;
        foreach (string path in paths)
        {
            string relativePath = Path.GetRelativePath(Environment.CurrentDirectory, path);
            try
            {
                Treatment treatment = File.Exists(path)
                    ? compressor.TreatmentFor(path, new CompressionOptions { Rules = rules, RelativePath = relativePath })
                    : rules.ForName(relativePath);
                Console.WriteLine($"{path}: {treatment.Rule}");
            }
            catch (ArchiveException e)
            {
                Console.Error.WriteLine($"emfs rules: {e.Message}");
                exitCode = ExitCode.Failure;
            }
        }

        return (int)exitCode;
    }
}
