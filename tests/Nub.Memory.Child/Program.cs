using System.Globalization;
using Nub.Memory.Child;

// What tests have done in a process of its own: one that the JIT is asked about, or one that is to die.
switch (args)
{
    case ["run-subjects"]:
        Warmup.Run();
        return 0;
    case ["step-over", string kind, string end]:
        GuardPages.StepOver(kind, end);
        return 0;
    case ["check-bulk"]:
        Console.Write(BulkCheck.Instructions);
        BulkCheck.Run();
        return 0;
    case ["recovery", string what]:
        return Recovery.Run(what);
    case ["shorten", string path, string size, string remaining]:
        return Peer.Shorten(path, long.Parse(size, CultureInfo.InvariantCulture), long.Parse(remaining, CultureInfo.InvariantCulture));
    case ["rewrite", string path, string size]:
        return Peer.Rewrite(path, size);
    case ["save-snapshots", string folder]:
        return Saver.Run(folder);
    case ["receive", string socketPath]:
        return Peer.Receive(socketPath);
    default:
        Console.Error.WriteLine("run-subjects, check-bulk, recovery <what>, shorten <path> <size> <remaining>, rewrite <path> <size>, receive <socket>, save-snapshots <folder>, or step-over <kind> <below|above>");
        return 2;
}
