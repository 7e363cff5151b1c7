namespace KamRpcDispatcher.Probe;

public enum ProbeVerdict { Alive, Leaving, Dead }
