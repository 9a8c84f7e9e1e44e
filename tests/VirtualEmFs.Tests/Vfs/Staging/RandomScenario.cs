namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>Scenarios that nobody thought of: any operation that makes sense, on few names, so that they meet.</summary>
internal static class RandomScenario
{
    private static readonly string[] s_names = ["a.mrc", "b.mrc", "p/a.mrc", "p/b.mrc", "q/a.mrc"];

    private enum Place
    {
        Nothing,
        Staged,
        Archived,
    }

    public static StagingScenario Of(int seed, int stepCount)
    {
        var random = new Random(seed);
        var places = s_names.ToDictionary(name => name, _ => Place.Nothing, StringComparer.Ordinal);
        var scenario = new StagingScenario().MakeFolder("p").MakeFolder("q");
        for (int i = 0; i < stepCount; i++)
        {
            string name = s_names[random.Next(s_names.Length)];
            if (places[name] == Place.Nothing)
            {
                scenario.Create(name).Write(name, 0, random.Next(1, 200));
                places[name] = Place.Staged;
                continue;
            }

            switch (random.Next(9))
            {
                case 0 or 1:
                    scenario.Write(name, random.Next(100), random.Next(1, 200));
                    places[name] = Place.Staged;
                    break;
                case 2:
                    scenario.Empty(name).Write(name, 0, random.Next(1, 50));
                    places[name] = Place.Staged;
                    break;
                case 3 when places[name] == Place.Staged:
                    scenario.Sync(name);
                    break;
                case 4 or 5 when places[name] == Place.Staged:
                    scenario.Archive(name);
                    places[name] = Place.Archived;
                    break;
                case 6:
                    scenario.Remove(name, isPlain: places[name] == Place.Archived);
                    places[name] = Place.Nothing;
                    Flush(FolderOf(name));
                    break;
                case 7 or 8 when s_names[random.Next(s_names.Length)] is var newName && newName != name:
                    // An archive that replaces nothing is renamed in the source alone; there both names may be seen after a power cut.
                    bool isPlain = places[name] == Place.Archived && places[newName] == Place.Nothing;
                    if (isPlain && FolderOf(name) != FolderOf(newName))
                    {
                        break;
                    }

                    scenario.Rename(name, newName, isPlain);
                    (places[newName], places[name]) = (places[name], Place.Nothing);
                    Flush(FolderOf(newName));
                    break;
            }
        }

        return scenario;

        void Flush(string folder)
        {
            if (random.Next(2) == 0)
            {
                scenario.SyncFolder(folder);
            }
        }
    }

    private static string FolderOf(string name) => name.LastIndexOf('/') is var slash and >= 0 ? name[..slash] : "";
}
